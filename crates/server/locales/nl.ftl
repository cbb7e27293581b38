# See en.ftl for what each message is, and docs/TRANSLATING.md for how to change one.

## Every page

language-name = Nederlands
skip-to-content = Naar de inhoud
choose-language = Taal
change-language = Wijzigen
about-this-page = Wat is dit voor pagina?
page-by = Controle door Kayle op { $host }

## Who asks, for what, and the consent

consent-title = { $organization } vraagt u te laten zien wie u bent
consent-heading = { $organization } vraagt u te laten zien wie u bent
verified-domain = Gecontroleerd eigenaar van { $domain }
unverified-domain = Wij hebben niet gecontroleerd wie er achter deze naam zit. Ga alleen verder als { $organization } u net hierheen heeft gestuurd.
returns-to = Daarna gaat u terug naar { $domain }.
how-heading = Zo werkt het
how-phone = U houdt uw paspoort tegen een telefoon. De telefoon leest de chip in het paspoort.
how-check = Deze server controleert of de chip echt is.
how-choose = Op de telefoon ziet u alles nog een keer en kiest u wat u deelt. Daarvoor wordt er niets gedeeld.
how-time = Het duurt ongeveer twee minuten. U hebt uw paspoort nodig en een telefoon die het kan lezen.
fields-heading = Wat { $organization } vraagt
field-required = Verplicht
field-optional = Niet verplicht: u beslist op de telefoon
field-reason = Waarom: { $reason }
field-by-server = Hoort bij elke controle
data-heading = Wat er met uw gegevens gebeurt
data-kept = Uw document wordt in het geheugen gecontroleerd en daarna gewist. Deze server bewaart er niets van dat u niet deelt.
data-sent = Wat u deelt, gaat alleen naar { $organization }, en versleuteld: deze server kan het niet lezen terwijl het wacht om te worden opgehaald. { $organization } hoort ook hoe de controle is verlopen.
data-theirs = Wat { $organization } ermee doet, hebben wij niet in de hand.
data-recorded = Wij leggen vast dat u akkoord bent gegaan, wanneer en in welke taal.
terms-of = Voorwaarden van { $organization }
privacy-of = Privacyverklaring van { $organization }
about-data = Meer over wat deze server met gegevens doet
consent-agree = Akkoord en doorgaan
consent-decline = Weigeren
consent-decline-note = Als u weigert, wordt er niets gedeeld, en krijgt { $organization } dat te horen.

## The way to the phone

offer-title = Ga verder op uw telefoon
offer-heading = Ga verder op uw telefoon
scan-heading = Scan deze code met uw telefoon
scan-how = Open de camera van uw telefoon en richt die op de code. Tik daarna op wat er verschijnt.
qr-label = QR-code die deze controle op uw telefoon opent
qr-waiting = De code wordt opgehaald…
qr-renewed = Er is nu een nieuwe code.
qr-failed = Het lukte niet om een code op te halen. Controleer uw internetverbinding.
qr-again = Opnieuw proberen
code-time = Deze code wordt vanzelf vernieuwd, over { $time }.
keep-open = Houd deze pagina open. Hier komt een getal te staan waar uw telefoon om vraagt.
copy-link = Link kopiëren
copied = Gekopieerd. Open de link op uw eigen telefoon en stuur hem naar niemand.
copy-failed = In deze browser kunnen wij niet kopiëren. Kopieer de link uit het veld of scan de code.
link-label = Link voor uw telefoon
cannot-scan = Ik kan niet scannen
cannot-scan-link = Kopieer de link en open hem op uw telefoon, bijvoorbeeld vanuit een bericht aan uzelf.
cannot-scan-type = U kunt ook een code typen: open dit adres in de browser van uw telefoon en typ daar de code.
show-user-code = Toon een code om te typen
user-code-label = Code om te typen
user-code-time = Nog { $time } geldig.
open-heading = Open de app op deze telefoon
open-how = De app leest de chip van uw paspoort.
open-app = App openen
open-nothing = Gebeurde er niets?
open-nothing-text = Misschien staat de app niet op deze telefoon.
open-scheme = Op een andere manier openen
get-app-ios = App voor iPhone downloaden
get-app-android = App voor Android downloaden
use-other-phone = Liever een andere telefoon gebruiken
device-heading = Welk apparaat gaat uw paspoort lezen?
device-text = Om de chip te lezen houdt u het paspoort tegen het apparaat. De meeste tablets kunnen dat niet.
device-this = Dit apparaat
device-other = Een andere telefoon

## While the phone is at work

connected-title = Uw telefoon is verbonden
connected-heading = Uw telefoon is verbonden
connected-text = Ga verder op uw telefoon. Deze pagina loopt vanzelf mee.
match-title = Vergelijk het getal
match-heading = Kies dit getal op uw telefoon
match-text = Is de telefoon van u, tik daar dan op dit getal. Zo niet, vertel het dan aan niemand.
match-network-same = De telefoon zit op hetzelfde netwerk als deze pagina.
match-network-different = De telefoon zit niet op hetzelfde netwerk als deze pagina, bijvoorbeeld omdat hij mobiele data gebruikt. Is hij niet van u, vertel het getal dan aan niemand en annuleer.
reading-title = Document wordt gelezen
reading-heading = Uw telefoon leest het document
reading-text = Houd de telefoon stil op het paspoort. Stopt het lezen, leg hem er dan opnieuw op.
reading-mrz-text = De telefoon leest de twee regels onderaan de bladzijde met de foto.
reading-progress = { $percent }% gelezen
checking-title = Bezig met controleren
checking-heading = Wij controleren het document
checking-text = Dit duurt een paar seconden.
selfie-title = Maak een foto van uzelf
selfie-heading = Maak met de telefoon een foto van uzelf
selfie-text = De telefoon maakt foto’s van u en stuurt ze naar deze server. De server bewaart ze niet, en in deze versie vergelijkt niemand ze.
share-title = Kies wat u deelt
share-heading = Kies op de telefoon wat u deelt
share-text = Het document is echt. Er is nog niets gedeeld.
step-connect = Telefoon verbonden
step-read = Document gelezen
step-check = Document gecontroleerd
step-photo = Foto’s gemaakt
step-share = U kiest wat u deelt
step-done = klaar
step-now = nu
step-next = hierna
steps-label = Voortgang
live-lost = Geen verbinding. Wij proberen het vanzelf opnieuw; op uw telefoon gaat alles door.
live-back = Weer verbonden.
refresh-note = Deze pagina kijkt twee keer per minuut of er nieuws is.
refresh-now = Nu kijken

## When the first phone has come, no other can

claimed-title = Ga verder op de telefoon waarmee u begon
claimed-heading = Ga verder op de telefoon waarmee u begon
claimed-text = Voor uw veiligheid kan alleen die telefoon het afmaken. Er komt geen nieuwe code.
phone-gone-heading = Is de telefoon weg of werkt hij niet?
phone-gone-text = Annuleer hier en vraag { $organization } om een nieuwe controle.
retry-title = Probeer het opnieuw op uw telefoon
retry-heading = Dat lukte niet. Probeer het opnieuw met dezelfde telefoon.
retry-left = { $remaining ->
    [one] U kunt het nog { $remaining } keer proberen.
   *[other] U kunt het nog { $remaining } keer proberen.
}

## Why a check failed, and what to try

failed-title = Niet bevestigd
failed-heading = Wij konden niet bevestigen wie u bent
failed-next-time = Voor de volgende keer: { $advice }
failure-passport-authenticity-failed = Wij konden niet bewijzen dat het document echt is.
failure-passport-authenticity-failed-try = Probeer het rustig opnieuw: haal het hoesje eraf en houd de telefoon stil. Deze server kent niet alle landen.
failure-passport-active-authentication-failed = De chip heeft niet bewezen dat hij het origineel is.
failure-passport-active-authentication-failed-try = Houd de telefoon stil op het paspoort tot alles klaar is.
failure-passport-chip-authentication-failed = De chip heeft niet bewezen dat hij het origineel is.
failure-passport-chip-authentication-failed-try = Houd de telefoon stil op het paspoort tot alles klaar is.
failure-passport-chip-proof-missing = { $organization } vraagt om een bewijs dat de chip geen kopie is, en dit document of deze telefoon kan dat niet geven.
failure-passport-chip-proof-missing-try = Probeer een ander document.
failure-passport-revocation-unknown = { $organization } vraagt om een lijst met ingetrokken certificaten van het land dat het document heeft uitgegeven, en die hebben wij niet.
failure-passport-revocation-unknown-try = Probeer een ander document.
failure-document-expired = Het document is verlopen.
failure-document-expired-try = Gebruik een document dat nog geldig is.
failure-document-data-invalid = De gegevens in de chip konden niet worden gelezen.
failure-document-data-invalid-try = Houd de telefoon stil of probeer een ander document.
failure-match-code-wrong = Op de telefoon is een ander getal gekozen dan hier staat. Voor uw veiligheid is de controle gestopt, en er is niets gedeeld.
no-attempts-left = U kunt het niet nog eens proberen, en er is niets gedeeld. { $organization } kan u opnieuw hierheen sturen.

## The other ends

success-title = Klaar
success-heading = Klaar. Uw identiteit is bevestigd.
success-text = { $organization } krijgt wat u hebt gekozen om te delen, en hoort hoe de controle is verlopen.
cancelled-title = Geannuleerd
cancelled-heading = Deze controle is geannuleerd
cancelled-by-person = U hebt geannuleerd. Er is niets gedeeld.
cancelled-by-organization = { $organization } heeft geannuleerd. Er is niets gedeeld.
declined-title = Geweigerd
declined-heading = U hebt geweigerd
declined-text = Er is niets gedeeld, en { $organization } heeft dat te horen gekregen. Was het een vergissing, ga dan terug naar { $organization } en begin opnieuw.
not-me-title = Voor de veiligheid gestopt
not-me-heading = Gestopt: ‘Dit was ik niet’
not-me-text = Wie de telefoon in handen heeft, zei deze pagina niet te hebben geopend. Er is niets gedeeld. Bent u dat, dan heeft misschien iemand geprobeerd uw paspoort voor zichzelf te gebruiken: meld het aan { $organization }.
expired-title = De tijd is om
expired-heading = De tijd voor deze controle is om
expired-text = Er is niets gedeeld. { $organization } kan u opnieuw hierheen sturen.
start-again = Ga terug naar { $organization } om opnieuw te beginnen.
close-page = U kunt deze pagina sluiten.
return-heading = Terug naar { $organization }
return-now = Verder naar { $organization }
return-in = { $seconds ->
    [one] U gaat over { $seconds } seconde terug.
   *[other] U gaat over { $seconds } seconden terug.
}
return-stop = Hier blijven
return-stopped = U blijft hier. Ga verder wanneer u wilt.
returned-already = U bent al een keer teruggestuurd. Lukte dat niet, open { $organization } dan zelf.

## Cancelling and time

cancel = Deze controle annuleren
cancel-ask = Wilt u annuleren? Er wordt niets gedeeld.
cancel-yes = Ja, annuleren
time-left = { $minutes ->
    [one] Deze controle eindigt over ongeveer { $minutes } minuut.
   *[other] Deze controle eindigt over ongeveer { $minutes } minuten.
}
time-extend = Ik heb meer tijd nodig
time-extended = U hebt nu meer tijd.

## Pages of a sentence

invalid-link-title = Deze link werkt niet
invalid-link-text = Misschien is hij niet helemaal gekopieerd. Ga terug naar waar u vandaan kwam en begin opnieuw.
other-browser-title = Deze controle is in een andere browser geopend
other-browser-text = Voor uw veiligheid gaat het alleen daar verder. Ga terug naar de browser waarin u begon. Was u dat niet, sluit dan deze pagina; wie u hierheen stuurde, kan u een eigen link geven.
not-opened-title = Ga verder op de telefoon
not-opened-text = Een telefoon is met deze controle begonnen voordat deze pagina werd geopend. Deze pagina kan meekijken, en verder niets. Ga verder op de telefoon. Is die telefoon niet van u, meld het dan aan wie u hierheen stuurde.
no-cookies-title = Deze browser bewaart geen cookies
no-cookies-text = Zonder cookie kan deze controle niet aan deze browser worden gekoppeld. Sta cookies toe voor deze site en laad de pagina opnieuw, of open uw link in een andere browser.
cross-site-title = Dit kwam niet van onze pagina
cross-site-text = Open uw link opnieuw en ga daar verder. Er is niets veranderd.
unavailable-title = Er ging iets mis
unavailable-text = Probeer het zo dadelijk opnieuw. Er is niets verloren gegaan en niets gedeeld.
too-fast-title = Te veel verzoeken
too-fast-text = Wacht een minuut en probeer het dan opnieuw.

## On the phone, without the app

app-title = Ga verder in de app
app-heading = Ga verder in de app op uw telefoon
app-warning = Ga alleen verder als u deze controle net zelf bent begonnen. Heeft iemand anders u deze link gestuurd, sluit dan deze pagina.
app-get-heading = Hebt u de app nog niet?
app-unknown = Deze server draait op { $host }. De beheerders hebben niet gezegd waar de app te krijgen is: vraag het hun, of wie u hierheen stuurde.
app-then = Installeer de app en kom dan terug naar deze pagina, of scan de code opnieuw.
app-back = Terug naar de controle
app-no-link = Deze link is niet volledig of te oud. Scan de code opnieuw.
app-needs-script = Zonder JavaScript kan deze pagina de app niet openen. Zet het aan en scan de code opnieuw.
type-title = Typ uw code
type-heading = Typ de code die op het andere scherm staat
type-label = Code van acht letters
type-go = Doorgaan
type-wrong = Deze code is niet bekend. Misschien is hij verlopen, of zit er een typefout in: vergelijk hem met het andere scherm.
type-warning = Typ alleen een code die u op uw eigen scherm ziet. Heeft iemand u een code verteld of gestuurd, sluit dan deze pagina.

## What this host is

home-title = Wat deze server is
home-heading = Deze server controleert paspoorten
home-text = Bedrijven en instanties sturen mensen hierheen om met de chip van hun paspoort te laten zien wie ze zijn. De server draait op { $host } met Kayle, dat iedereen kan lezen en gebruiken.
home-sent = Heeft iemand u hierheen gestuurd, open dan de link die u hebt gekregen. Hier valt niets te beginnen.
home-code = Ik heb een code om te typen
home-data = Wat deze server met gegevens doet
home-developers = Voor ontwikkelaars
home-source = Broncode en documentatie
data-title = Wat deze server met gegevens doet
data-chip = De telefoon leest de chip en stuurt de gegevens over een versleutelde verbinding naar deze server. De server controleert ze in het geheugen en wist ze als de controle klaar is. Wat u niet deelt, wordt hier nooit op een schijf geschreven.
data-waiting = Wat u deelt, wacht hier tot het is opgehaald, hoogstens zo’n 28 uur. Het wordt voor de ontvanger versleuteld voordat het wordt geschreven: deze server kan het dan niet meer lezen.
data-stored = Wat er van een controle wordt bewaard: wie erom vroeg, welke gegevens en waarom, wanneer ze begon, wanneer en hoe ze eindigde, waarom een poging mislukte, hoe de chip is gecontroleerd, welke versie van de app is gebruikt, dat u akkoord ging, wanneer en in welke taal, en versleutelde controlewaarden (hashes) die uw browser, het netwerk daarvan en uw telefoon eraan koppelen. Tot het einde ook wat voor browser en systeem u gebruikt en, als de beheerder van de server dat nagaat, ongeveer waar u bent. Wat uw browser eraan koppelt, wordt kort na het einde gewist.
data-cookie = Eén cookie koppelt deze browser aan de controle die u hebt geopend, zodat niemand anders uw link kan gebruiken. De cookie is er niet om u te volgen, en is weg zodra de browser wordt gesloten.
data-others = Niets op deze pagina’s komt van derden. Wat u kiest om te delen, gaat naar wie erom vroeg, zo versleuteld dat alleen die partij het kan lezen. Die partij hoort ook hoe elke controle is verlopen en hoe zeker de server daarvan is, en krijgt een code waaraan zij het document herkent.

## What is asked for

claim-document-type-code = Soort document
claim-issuing-country-code = Land dat het document heeft uitgegeven
claim-family-name = Achternaam
claim-given-names = Voornamen
claim-document-number = Nummer van het document
claim-nationality-code = Nationaliteit
claim-date-of-birth = Geboortedatum
claim-sex-marker = Geslacht volgens het document
claim-document-expiry-date = Datum tot wanneer het document geldig is
claim-mrz-optional-data = Extra gegevens van het land van uitgifte
claim-document-photo = Foto in de chip
claim-kayle-document-id = Een code waaraan { $organization } dit document herkent
claim-kayle-human-id = Persoonlijke code (altijd leeg)
claim-age-over = Of u ten minste { $years } jaar oud bent
