# See en.ftl for what each message is, and docs/TRANSLATING.md for how to change one.

## Every page

language-name = Français
skip-to-content = Aller au contenu
choose-language = Langue
change-language = Changer
about-this-page = Qu’est-ce que cette page ?
page-by = Vérification par Kayle sur { $host }

## Who asks, for what, and the consent

consent-title = { $organization } vous demande de prouver votre identité
consent-heading = { $organization } vous demande de prouver votre identité
verified-domain = Propriétaire vérifié de { $domain }
unverified-domain = Nous n’avons pas vérifié qui se trouve derrière ce nom. Continuez seulement si { $organization } vient de vous envoyer ici.
returns-to = Ensuite, vous revenez à { $domain }.
how-heading = Comment cela se passe
how-phone = Vous posez un téléphone sur votre passeport. Le téléphone lit la puce qui s’y trouve.
how-check = Ce serveur vérifie que la puce est authentique.
how-choose = Sur le téléphone, vous revoyez tout et vous choisissez ce que vous partagez. Rien n’est partagé avant.
how-time = Cela prend environ deux minutes. Il vous faut votre passeport et un téléphone capable de le lire.
fields-heading = Ce que demande { $organization }
field-required = Obligatoire
field-optional = Facultatif : vous décidez sur le téléphone
field-reason = Pourquoi : { $reason }
field-by-server = Fait partie de toute vérification
data-heading = Ce que deviennent vos données
data-kept = Votre document est vérifié en mémoire, puis effacé. Ce serveur n’en garde rien que vous ne partagez pas.
data-sent = Ce que vous partagez va à { $organization } seulement, et chiffré : ce serveur ne peut pas le lire pendant que cela attend d’être retiré. { $organization } apprend aussi comment la vérification s’est passée.
data-theirs = Ce que { $organization } en fait ensuite ne dépend pas de nous.
data-recorded = Nous notons que vous avez accepté, quand, et dans quelle langue.
terms-of = Conditions d’utilisation : { $organization }
privacy-of = Protection des données : { $organization }
about-data = En savoir plus sur ce que ce serveur fait des données
consent-agree = Accepter et continuer
consent-decline = Refuser
consent-decline-note = Si vous refusez, rien n’est partagé, et nous le faisons savoir à { $organization }.

## The way to the phone

offer-title = Continuez sur votre téléphone
offer-heading = Continuez sur votre téléphone
scan-heading = Scannez ce code avec votre téléphone
scan-how = Ouvrez l’appareil photo de votre téléphone et dirigez-le vers le code. Touchez ensuite ce qui s’affiche.
qr-label = Code QR qui ouvre cette vérification sur votre téléphone
qr-waiting = Le code arrive…
qr-renewed = Un nouveau code est affiché.
qr-failed = Nous n’avons pas pu obtenir de code. Vérifiez votre connexion à Internet.
qr-again = Réessayer
code-time = Ce code se renouvelle tout seul, dans { $time }.
keep-open = Gardez cette page ouverte. Elle affichera un nombre que votre téléphone vous demandera.
copy-link = Copier le lien
copied = Copié. Ouvrez-le sur votre propre téléphone et ne l’envoyez à personne.
copy-failed = Ce navigateur ne nous laisse pas copier. Copiez le lien dans le champ, ou scannez le code.
link-label = Lien pour votre téléphone
cannot-scan = Je ne peux pas scanner
cannot-scan-link = Copiez le lien et ouvrez-le sur votre téléphone, par exemple depuis une note que vous vous envoyez.
cannot-scan-type = Vous pouvez aussi taper un code : ouvrez cette adresse dans le navigateur de votre téléphone et tapez-y le code.
show-user-code = Afficher un code à taper
user-code-label = Code à taper
user-code-time = Encore valable { $time }.
open-heading = Ouvrez l’application sur ce téléphone
open-how = L’application lit la puce de votre passeport.
open-app = Ouvrir l’application
open-nothing = Il ne s’est rien passé ?
open-nothing-text = L’application n’est peut-être pas installée sur ce téléphone.
open-scheme = L’ouvrir autrement
get-app-ios = Obtenir l’application pour iPhone
get-app-android = Obtenir l’application pour Android
use-other-phone = Utiliser plutôt un autre téléphone
device-heading = Quel appareil va lire votre passeport ?
device-text = Pour lire la puce, on pose l’appareil sur le passeport. La plupart des tablettes ne savent pas le faire.
device-this = Cet appareil
device-other = Un autre téléphone

## While the phone is at work

connected-title = Votre téléphone est connecté
connected-heading = Votre téléphone est connecté
connected-text = Continuez sur votre téléphone. Cette page suit toute seule.
match-title = Comparez le nombre
match-heading = Choisissez ce nombre sur votre téléphone
match-text = Si c’est bien votre téléphone, touchez-y ce nombre. Sinon, ne le dites à personne.
match-network-same = Le téléphone est sur le même réseau que cette page.
match-network-different = Le téléphone n’est pas sur le même réseau que cette page, par exemple parce qu’il utilise les données mobiles. S’il n’est pas à vous, ne dites ce nombre à personne et annulez.
reading-title = Lecture du document
reading-heading = Votre téléphone lit le document
reading-text = Gardez le téléphone immobile sur le passeport. Si la lecture s’arrête, reposez-le.
reading-mrz-text = Le téléphone lit les deux lignes au bas de la page avec la photo.
reading-progress = { $percent } % lus
checking-title = Contrôle
checking-heading = Nous contrôlons le document
checking-text = Cela prend quelques secondes.
selfie-title = Prenez une photo de vous
selfie-heading = Prenez une photo de vous avec le téléphone
selfie-text = Le téléphone prend des photos de vous et les envoie à ce serveur. Le serveur ne les garde pas, et dans cette version personne ne les compare.
share-title = Choisissez ce que vous partagez
share-heading = Choisissez sur le téléphone ce que vous partagez
share-text = Le document est authentique. Rien n’a encore été partagé.
step-connect = Téléphone connecté
step-read = Document lu
step-check = Document contrôlé
step-photo = Photos prises
step-share = Vous choisissez ce que vous partagez
step-done = fait
step-now = en cours
step-next = à venir
steps-label = Étapes
live-lost = Pas de connexion. Nous réessayons automatiquement ; ce qui se passe sur votre téléphone continue.
live-back = La connexion est rétablie.
refresh-note = Cette page cherche du nouveau deux fois par minute.
refresh-now = Voir maintenant

## When the first phone has come, no other can

claimed-title = Continuez sur le téléphone qui a commencé
claimed-heading = Continuez sur le téléphone qui a commencé
claimed-text = Pour votre sécurité, seul ce téléphone peut terminer. Aucun nouveau code n’est donné.
phone-gone-heading = Le téléphone n’est plus là ou ne marche plus ?
phone-gone-text = Annulez ici et demandez une nouvelle vérification à { $organization }.
retry-title = Réessayez sur votre téléphone
retry-heading = Cela n’a pas marché. Réessayez avec le même téléphone.
retry-left = { $remaining ->
    [one] Vous pouvez essayer encore { $remaining } fois.
   *[other] Vous pouvez essayer encore { $remaining } fois.
}

## Why a check failed, and what to try

failed-title = Identité non vérifiée
failed-heading = Nous n’avons pas pu vérifier votre identité
failed-next-time = Pour la prochaine fois : { $advice }
failure-passport-authenticity-failed = Nous n’avons pas pu prouver que le document est authentique.
failure-passport-authenticity-failed-try = Essayez d’obtenir une lecture nette : enlevez l’étui du passeport et la coque du téléphone, et ne bougez pas. Ce serveur ne connaît pas tous les pays.
failure-passport-active-authentication-failed = La puce n’a pas prouvé qu’elle est l’originale.
failure-passport-active-authentication-failed-try = Gardez le téléphone immobile sur le passeport jusqu’à la fin.
failure-passport-chip-authentication-failed = La puce n’a pas prouvé qu’elle est l’originale.
failure-passport-chip-authentication-failed-try = Gardez le téléphone immobile sur le passeport jusqu’à la fin.
failure-passport-chip-proof-missing = { $organization } demande la preuve que la puce n’est pas une copie, et ce document ou ce téléphone ne peut pas la donner.
failure-passport-chip-proof-missing-try = Essayez avec un autre document.
failure-passport-revocation-unknown = { $organization } demande une liste de révocation du pays qui a délivré le document, et nous n’en avons pas.
failure-passport-revocation-unknown-try = Essayez avec un autre document.
failure-document-expired = Le document a expiré.
failure-document-expired-try = Utilisez-en un qui est encore valable.
failure-document-data-invalid = Les données de la puce n’ont pas pu être lues.
failure-document-data-invalid-try = Gardez le téléphone immobile, ou essayez avec un autre document.
failure-match-code-wrong = Sur le téléphone, un autre nombre que celui affiché ici a été choisi. Pour votre sécurité, la vérification a été arrêtée et rien n’a été partagé.
no-attempts-left = Il ne reste plus d’essai, et rien n’a été partagé. { $organization } peut vous envoyer ici à nouveau.

## The other ends

success-title = Terminé
success-heading = C’est terminé. Votre identité est vérifiée.
success-text = { $organization } reçoit ce que vous avez choisi de partager, et apprend comment la vérification s’est passée.
cancelled-title = Annulé
cancelled-heading = Cette vérification a été annulée
cancelled-by-person = Vous l’avez annulée. Rien n’a été partagé.
cancelled-by-organization = { $organization } l’a annulée. Rien n’a été partagé.
declined-title = Refusé
declined-heading = Vous avez refusé
declined-text = Rien n’a été partagé, et nous l’avons fait savoir à { $organization }. Si c’était une erreur, retournez chez { $organization } et recommencez.
not-me-title = Arrêté par sécurité
not-me-heading = Arrêté : « Ce n’était pas moi »
not-me-text = La personne qui tient le téléphone a dit qu’elle n’a pas ouvert cette page. Rien n’a été partagé. Si cette personne, c’est vous, quelqu’un a peut-être essayé de se servir de votre passeport : prévenez { $organization }.
expired-title = Le temps est écoulé
expired-heading = Le temps prévu pour cette vérification est écoulé
expired-text = Rien n’a été partagé. { $organization } peut vous envoyer ici à nouveau.
start-again = Pour recommencer, retournez chez { $organization }.
close-page = Vous pouvez fermer cette page.
return-heading = Retour chez { $organization }
return-now = Continuer vers { $organization }
return-in = { $seconds ->
    [one] Vous y retournez dans { $seconds } seconde.
   *[other] Vous y retournez dans { $seconds } secondes.
}
return-stop = Rester ici
return-stopped = Vous restez ici. Continuez quand vous voulez.
returned-already = Le retour a déjà eu lieu une fois. Si cela n’a pas marché, ouvrez vous-même { $organization }.

## Cancelling and time

cancel = Annuler cette vérification
cancel-ask = Voulez-vous annuler ? Rien ne sera partagé.
cancel-yes = Oui, annuler
time-left = { $minutes ->
    [one] Cette vérification se termine dans environ { $minutes } minute.
   *[other] Cette vérification se termine dans environ { $minutes } minutes.
}
time-extend = Il me faut plus de temps
time-extended = Vous avez maintenant plus de temps.

## Pages of a sentence

invalid-link-title = Ce lien ne marche pas
invalid-link-text = Il a peut-être été mal copié. Retournez sur le site d’où vous venez et recommencez.
other-browser-title = Cette vérification a été ouverte dans un autre navigateur
other-browser-text = Pour votre sécurité, elle ne continue que là-bas. Retournez dans le navigateur où vous l’avez ouverte d’abord. Si ce n’était pas vous, fermez cette page ; l’entreprise ou l’organisme peut vous donner votre propre lien.
not-opened-title = Continuez sur le téléphone
not-opened-text = Un téléphone a commencé cette vérification avant l’ouverture de cette page. Cette page peut la suivre, rien de plus. Continuez sur le téléphone. Si ce n’est pas le vôtre, prévenez l’entreprise ou l’organisme qui vous a envoyé ici.
no-cookies-title = Ce navigateur ne garde pas de cookies
no-cookies-text = Sans cookie, cette vérification ne peut pas être liée à ce navigateur. Autorisez les cookies pour ce site et rechargez la page, ou ouvrez votre lien dans un autre navigateur.
cross-site-title = Cette demande ne vient pas de notre page
cross-site-text = Ouvrez de nouveau votre lien et continuez à partir de là. Rien n’a changé.
unavailable-title = Quelque chose n’a pas marché
unavailable-text = Veuillez réessayer dans un instant. Rien n’a été perdu, et rien n’a été partagé.
too-fast-title = Trop de demandes
too-fast-text = Veuillez attendre une minute, puis réessayez.

## On the phone, without the app

app-title = Continuez dans l’application
app-heading = Continuez dans l’application sur votre téléphone
app-warning = Continuez seulement si vous venez de commencer cette vérification vous-même. Si quelqu’un d’autre vous a envoyé ce lien, fermez cette page.
app-get-heading = Vous n’avez pas encore l’application ?
app-unknown = Ce serveur est exploité à l’adresse { $host }. Ceux qui s’en occupent n’ont pas dit où trouver l’application : demandez-leur, ou à l’entreprise ou à l’organisme qui vous a donné le lien.
app-then = Installez-la, puis revenez à cette page ou scannez de nouveau le code.
app-back = Retour à la vérification
app-no-link = Ce lien est incomplet ou trop ancien. Scannez de nouveau le code.
app-needs-script = Sans JavaScript, cette page ne peut pas ouvrir l’application. Activez-le et scannez de nouveau le code.
type-title = Tapez votre code
type-heading = Tapez le code affiché sur l’autre écran
type-label = Code de huit lettres
type-go = Continuer
type-wrong = Ce code n’est pas connu. Il n’est peut-être plus valable, ou une lettre est fausse : comparez-le avec l’autre écran.
type-warning = Tapez seulement un code que vous voyez sur votre propre écran. Si quelqu’un vous a dit ou envoyé un code, fermez cette page.

## What this host is

home-title = À quoi sert ce serveur
home-heading = Ce serveur vérifie des passeports
home-text = Des entreprises et des organismes envoient ici des personnes qui prouvent leur identité avec la puce de leur passeport. Il est exploité à l’adresse { $host } avec Kayle, que chacun peut lire et utiliser.
home-sent = Si une entreprise ou un organisme vous a donné un lien, ouvrez-le. Il n’y a rien à commencer sur cette page.
home-code = J’ai un code à taper
home-data = Ce que ce serveur fait des données
home-developers = Pour les développeurs
home-source = Code source et documentation
data-title = Ce que ce serveur fait des données
data-chip = Le téléphone lit la puce et l’envoie à ce serveur par une connexion chiffrée. Le serveur la contrôle en mémoire et l’efface dès que le contrôle est terminé. Ce que vous ne partagez pas n’est jamais écrit ici sur un disque.
data-waiting = Ce que vous partagez attend ici d’être retiré, environ 28 heures au plus. Tout est chiffré pour le destinataire avant d’être écrit : ce serveur ne peut plus le lire.
data-stored = Ce qui est conservé d’une vérification : qui l’a demandée, quelles données et pourquoi, quand elle a commencé, quand et comment elle s’est terminée, pourquoi un essai a échoué, comment la puce a été contrôlée, quelle version de l’application a servi, que vous avez accepté, quand et dans quelle langue, et des empreintes chiffrées (hachages à clé) qui y rattachent votre navigateur, son réseau et votre téléphone. Jusqu’à la fin, aussi le type de votre navigateur et de votre système et, si l’exploitant du serveur le détermine, à peu près où vous êtes. Ce qui y rattache votre navigateur est effacé peu après la fin.
data-cookie = Un cookie rattache ce navigateur à la vérification que vous avez ouverte, pour que personne d’autre ne puisse utiliser votre lien. Il ne sert pas à vous suivre, et il disparaît quand vous fermez le navigateur.
data-others = Rien sur ces pages ne vient d’un tiers. Ce que vous choisissez de partager va à ceux qui l’ont demandé, chiffré de sorte qu’eux seuls peuvent le lire. Ils apprennent aussi comment chaque contrôle s’est passé, à quel point le serveur en est sûr, et reçoivent un code qui leur permet de reconnaître le document.

## What is asked for

claim-document-type-code = Type de document
claim-issuing-country-code = Pays qui a délivré le document
claim-family-name = Nom de famille
claim-given-names = Prénoms
claim-document-number = Numéro du document
claim-nationality-code = Nationalité
claim-date-of-birth = Date de naissance
claim-sex-marker = Sexe indiqué dans le document
claim-document-expiry-date = Date d’expiration du document
claim-mrz-optional-data = Données complémentaires du pays de délivrance
claim-document-photo = Photo contenue dans la puce
claim-kayle-document-id = Un code grâce auquel { $organization } reconnaît ce document
claim-kayle-human-id = Code personnel (toujours vide)
claim-age-over = Si vous avez au moins { $years } ans
