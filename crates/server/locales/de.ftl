# See en.ftl for what each message is, and docs/TRANSLATING.md for how to change one.

## Every page

language-name = Deutsch
skip-to-content = Zum Inhalt springen
choose-language = Sprache
change-language = Ändern
about-this-page = Was ist das für eine Seite?
page-by = Prüfung durch Kayle auf { $host }

## Who asks, for what, and the consent

consent-title = { $organization } bittet Sie, sich auszuweisen
consent-heading = { $organization } bittet Sie, sich auszuweisen
verified-domain = Nachweislich Inhaber von { $domain }
unverified-domain = Wir haben nicht geprüft, wer hinter diesem Namen steht. Machen Sie nur weiter, wenn { $organization } Sie eben erst hierher geschickt hat.
returns-to = Danach kommen Sie zurück zu { $domain }.
how-heading = So geht es
how-phone = Sie halten Ihren Reisepass an ein Handy. Das Handy liest den Chip darin.
how-check = Dieser Server prüft, ob der Chip echt ist.
how-choose = Auf dem Handy sehen Sie alles noch einmal und wählen, was Sie weitergeben. Vorher wird nichts weitergegeben.
how-time = Es dauert etwa zwei Minuten. Sie brauchen Ihren Reisepass und ein Handy, das ihn lesen kann.
fields-heading = Was { $organization } wissen möchte
field-required = Erforderlich
field-optional = Freiwillig: Sie entscheiden auf dem Handy
field-reason = Warum: { $reason }
field-by-server = Gehört zu jeder Prüfung
data-heading = Was mit Ihren Daten geschieht
data-kept = Ihr Ausweis wird im Arbeitsspeicher geprüft und danach gelöscht. Dieser Server behält nichts davon, was Sie nicht weitergeben.
data-sent = Was Sie weitergeben, geht nur an { $organization }, und zwar verschlüsselt: Dieser Server kann es nicht lesen, während es auf die Abholung wartet. { $organization } erfährt auch, wie die Prüfung ausging.
data-theirs = Was { $organization } damit macht, liegt nicht in unserer Hand.
data-recorded = Wir halten fest, dass Sie zugestimmt haben, wann und in welcher Sprache.
terms-of = Nutzungsbedingungen von { $organization }
privacy-of = Datenschutzerklärung von { $organization }
about-data = Mehr darüber, was dieser Server mit Daten macht
consent-agree = Zustimmen und weiter
consent-decline = Ablehnen
consent-decline-note = Wenn Sie ablehnen, wird nichts weitergegeben, und { $organization } erfährt, dass Sie abgelehnt haben.

## The way to the phone

offer-title = Weiter auf Ihrem Handy
offer-heading = Weiter auf Ihrem Handy
scan-heading = Scannen Sie diesen Code mit Ihrem Handy
scan-how = Öffnen Sie die Kamera Ihres Handys und richten Sie sie auf den Code. Tippen Sie dann auf das, was erscheint.
qr-label = QR-Code, der diese Prüfung auf Ihrem Handy öffnet
qr-waiting = Der Code wird geholt…
qr-renewed = Jetzt ist ein neuer Code da.
qr-failed = Wir konnten keinen Code holen. Prüfen Sie Ihre Internetverbindung.
qr-again = Noch einmal versuchen
code-time = Dieser Code erneuert sich von selbst, in { $time }.
keep-open = Lassen Sie diese Seite offen. Sie zeigt später eine Zahl, nach der Ihr Handy fragt.
copy-link = Link kopieren
copied = Kopiert. Öffnen Sie den Link auf Ihrem eigenen Handy und schicken Sie ihn niemandem.
copy-failed = Dieser Browser lässt uns nicht kopieren. Kopieren Sie den Link aus dem Feld oder scannen Sie den Code.
link-label = Link für Ihr Handy
cannot-scan = Ich kann nicht scannen
cannot-scan-link = Kopieren Sie den Link und öffnen Sie ihn auf Ihrem Handy, zum Beispiel aus einer Notiz an sich selbst.
cannot-scan-type = Sie können stattdessen einen Code eintippen: Öffnen Sie diese Adresse im Browser Ihres Handys und tippen Sie dort den Code ein.
show-user-code = Code zum Eintippen zeigen
user-code-label = Code zum Eintippen
user-code-time = Noch { $time } gültig.
open-heading = Öffnen Sie die App auf diesem Handy
open-how = Die App liest den Chip Ihres Reisepasses.
open-app = App öffnen
open-nothing = Ist nichts passiert?
open-nothing-text = Vielleicht ist die App nicht auf diesem Handy.
open-scheme = Auf andere Weise öffnen
get-app-ios = App für das iPhone holen
get-app-android = App für Android holen
use-other-phone = Lieber ein anderes Handy nehmen
device-heading = Welches Gerät soll Ihren Reisepass lesen?
device-text = Zum Lesen des Chips hält man den Reisepass an das Gerät. Die meisten Tablets können das nicht.
device-this = Dieses Gerät
device-other = Ein anderes Handy

## While the phone is at work

connected-title = Ihr Handy ist verbunden
connected-heading = Ihr Handy ist verbunden
connected-text = Machen Sie auf Ihrem Handy weiter. Diese Seite folgt von selbst.
match-title = Vergleichen Sie die Zahl
match-heading = Wählen Sie diese Zahl auf Ihrem Handy
match-text = Wenn das Handy Ihres ist, tippen Sie dort auf diese Zahl. Wenn nicht, sagen Sie sie niemandem.
match-network-same = Das Handy ist im selben Netz wie diese Seite.
match-network-different = Das Handy ist nicht im selben Netz wie diese Seite, zum Beispiel weil es mobile Daten nutzt. Wenn es nicht Ihres ist, sagen Sie niemandem die Zahl und brechen Sie ab.
reading-title = Ausweis wird gelesen
reading-heading = Ihr Handy liest den Ausweis
reading-text = Halten Sie das Handy ruhig auf dem Reisepass. Wenn das Lesen stockt, legen Sie es neu auf.
reading-mrz-text = Das Handy liest die zwei Zeilen unten auf der Seite mit dem Foto.
reading-progress = { $percent } % gelesen
checking-title = Prüfung läuft
checking-heading = Wir prüfen den Ausweis
checking-text = Das dauert ein paar Sekunden.
selfie-title = Machen Sie ein Foto von sich
selfie-heading = Machen Sie mit dem Handy ein Foto von sich
selfie-text = Das Handy macht Fotos von Ihnen und schickt sie an diesen Server. Der Server behält sie nicht, und in dieser Version vergleicht sie niemand.
share-title = Wählen Sie, was Sie weitergeben
share-heading = Wählen Sie auf dem Handy, was Sie weitergeben
share-text = Der Ausweis ist echt. Noch wurde nichts weitergegeben.
step-connect = Handy verbunden
step-read = Ausweis gelesen
step-check = Ausweis geprüft
step-photo = Fotos gemacht
step-share = Sie wählen, was Sie weitergeben
step-done = erledigt
step-now = jetzt
step-next = als Nächstes
steps-label = Fortschritt
live-lost = Keine Verbindung. Wir versuchen es von selbst wieder; auf Ihrem Handy geht es weiter.
live-back = Wieder verbunden.
refresh-note = Diese Seite sieht zweimal in der Minute nach Neuem.
refresh-now = Jetzt nachsehen

## When the first phone has come, no other can

claimed-title = Weiter auf dem Handy, mit dem Sie begonnen haben
claimed-heading = Machen Sie auf dem Handy weiter, mit dem Sie begonnen haben
claimed-text = Zu Ihrer Sicherheit geht es nur auf diesem Handy zu Ende. Einen neuen Code gibt es nicht.
phone-gone-heading = Ist das Handy weg oder funktioniert es nicht?
phone-gone-text = Brechen Sie hier ab und bitten Sie { $organization } um eine neue Prüfung.
retry-title = Versuchen Sie es auf Ihrem Handy noch einmal
retry-heading = Das hat nicht geklappt. Versuchen Sie es mit demselben Handy noch einmal.
retry-left = { $remaining ->
    [one] Sie können es noch einmal versuchen.
   *[other] Sie können es noch { $remaining }-mal versuchen.
}

## Why a check failed, and what to try

failed-title = Nicht bestätigt
failed-heading = Wir konnten nicht bestätigen, wer Sie sind
failed-next-time = Für das nächste Mal: { $advice }
failure-passport-authenticity-failed = Wir konnten nicht beweisen, dass der Ausweis echt ist.
failure-passport-authenticity-failed-try = Lesen Sie ihn noch einmal in Ruhe: Nehmen Sie die Hülle ab und halten Sie das Handy still. Einige Staaten kennt dieser Server nicht.
failure-passport-active-authentication-failed = Der Chip hat nicht bewiesen, dass er das Original ist.
failure-passport-active-authentication-failed-try = Halten Sie das Handy ruhig auf dem Reisepass, bis alles fertig ist.
failure-passport-chip-authentication-failed = Der Chip hat nicht bewiesen, dass er das Original ist.
failure-passport-chip-authentication-failed-try = Halten Sie das Handy ruhig auf dem Reisepass, bis alles fertig ist.
failure-passport-chip-proof-missing = { $organization } verlangt einen Beweis, dass der Chip keine Kopie ist, und dieser Ausweis oder dieses Handy kann ihn nicht liefern.
failure-passport-chip-proof-missing-try = Versuchen Sie es mit einem anderen Ausweis.
failure-passport-revocation-unknown = { $organization } verlangt eine Sperrliste des Staates, der den Ausweis ausgestellt hat, und uns liegt keine vor.
failure-passport-revocation-unknown-try = Versuchen Sie es mit einem anderen Ausweis.
failure-document-expired = Der Ausweis ist abgelaufen.
failure-document-expired-try = Nehmen Sie einen, der noch gültig ist.
failure-document-data-invalid = Die Daten im Chip konnten nicht gelesen werden.
failure-document-data-invalid-try = Halten Sie das Handy ruhig, oder versuchen Sie es mit einem anderen Ausweis.
failure-match-code-wrong = Auf dem Handy wurde eine andere Zahl gewählt, als hier steht. Zu Ihrer Sicherheit wurde die Prüfung beendet, und nichts wurde weitergegeben.
no-attempts-left = Es ist kein Versuch mehr übrig, und nichts wurde weitergegeben. { $organization } kann Sie noch einmal hierher schicken.

## The other ends

success-title = Fertig
success-heading = Fertig. Sie haben sich ausgewiesen.
success-text = { $organization } bekommt, was Sie ausgewählt haben, und erfährt, wie die Prüfung ausging.
cancelled-title = Abgebrochen
cancelled-heading = Diese Prüfung wurde abgebrochen
cancelled-by-person = Sie haben sie abgebrochen. Nichts wurde weitergegeben.
cancelled-by-organization = { $organization } hat sie abgebrochen. Nichts wurde weitergegeben.
declined-title = Abgelehnt
declined-heading = Sie haben abgelehnt
declined-text = Nichts wurde weitergegeben, und { $organization } hat erfahren, dass Sie abgelehnt haben. Wenn das ein Versehen war, gehen Sie zurück zu { $organization } und beginnen Sie neu.
not-me-title = Zur Sicherheit beendet
not-me-heading = Beendet: „Das war ich nicht“
not-me-text = Wer das Handy hält, hat gesagt, diese Seite nicht geöffnet zu haben. Nichts wurde weitergegeben. Wenn Sie das sind, wollte vielleicht jemand Ihren Reisepass für sich benutzen: Sagen Sie { $organization } Bescheid.
expired-title = Die Zeit ist um
expired-heading = Die Zeit für diese Prüfung ist um
expired-text = Nichts wurde weitergegeben. { $organization } kann Sie noch einmal hierher schicken.
start-again = Um neu zu beginnen, gehen Sie zurück zu { $organization }.
close-page = Sie können diese Seite schließen.
return-heading = Zurück zu { $organization }
return-now = Weiter zu { $organization }
return-in = { $seconds ->
    [one] Sie werden in { $seconds } Sekunde zurückgebracht.
   *[other] Sie werden in { $seconds } Sekunden zurückgebracht.
}
return-stop = Hier bleiben
return-stopped = Sie bleiben hier. Gehen Sie weiter, wann Sie möchten.
returned-already = Sie wurden schon einmal zurückgebracht. Wenn das nicht geklappt hat, öffnen Sie { $organization } selbst.

## Cancelling and time

cancel = Diese Prüfung abbrechen
cancel-ask = Möchten Sie abbrechen? Es wird nichts weitergegeben.
cancel-yes = Ja, abbrechen
time-left = { $minutes ->
    [one] Diese Prüfung endet in etwa { $minutes } Minute.
   *[other] Diese Prüfung endet in etwa { $minutes } Minuten.
}
time-extend = Ich brauche mehr Zeit
time-extended = Sie haben jetzt mehr Zeit.

## Pages of a sentence

invalid-link-title = Dieser Link funktioniert nicht
invalid-link-text = Vielleicht wurde er nicht ganz kopiert. Gehen Sie dorthin zurück, wo Sie hergekommen sind, und beginnen Sie neu.
other-browser-title = Diese Prüfung wurde in einem anderen Browser geöffnet
other-browser-text = Zu Ihrer Sicherheit geht es nur dort weiter. Gehen Sie zurück in den Browser, in dem Sie sie zuerst geöffnet haben. Wenn Sie das nicht waren, schließen Sie diese Seite; wer Sie hierher geschickt hat, kann Ihnen einen eigenen Link geben.
not-opened-title = Machen Sie auf dem Handy weiter
not-opened-text = Ein Handy hat diese Prüfung begonnen, bevor diese Seite geöffnet wurde. Diese Seite kann zusehen, sonst nichts. Machen Sie auf dem Handy weiter. Wenn es nicht Ihres ist, sagen Sie denen Bescheid, die Sie hierher geschickt haben.
no-cookies-title = Dieser Browser speichert keine Cookies
no-cookies-text = Ohne Cookie lässt sich diese Prüfung nicht an diesen Browser binden. Erlauben Sie Cookies für diese Seite und laden Sie sie neu, oder öffnen Sie Ihren Link in einem anderen Browser.
cross-site-title = Das kam nicht von unserer Seite
cross-site-text = Öffnen Sie Ihren Link noch einmal und machen Sie dort weiter. Es hat sich nichts geändert.
unavailable-title = Etwas ist schiefgegangen
unavailable-text = Bitte versuchen Sie es gleich noch einmal. Nichts ist verloren, und nichts wurde weitergegeben.
too-fast-title = Zu viele Anfragen
too-fast-text = Bitte warten Sie eine Minute und versuchen Sie es dann noch einmal.

## On the phone, without the app

app-title = Weiter in der App
app-heading = Weiter in der App auf Ihrem Handy
app-warning = Machen Sie nur weiter, wenn Sie diese Prüfung eben selbst begonnen haben. Wenn Ihnen jemand anderes diesen Link geschickt hat, schließen Sie diese Seite.
app-get-heading = Haben Sie die App noch nicht?
app-unknown = Dieser Server wird unter { $host } betrieben. Die Betreiber haben nicht angegeben, wo es die App gibt: Fragen Sie dort nach, oder bei denen, die Sie hierher geschickt haben.
app-then = Installieren Sie sie, und kommen Sie dann auf diese Seite zurück, oder scannen Sie den Code noch einmal.
app-back = Zurück zur Prüfung
app-no-link = Dieser Link ist unvollständig oder zu alt. Scannen Sie den Code noch einmal.
app-needs-script = Ohne JavaScript kann diese Seite Sie nicht weiterleiten. Schalten Sie es ein und scannen Sie den Code noch einmal.
type-title = Code eintippen
type-heading = Tippen Sie den Code ein, den der andere Bildschirm zeigt
type-label = Code aus acht Buchstaben
type-go = Weiter
type-wrong = Diesen Code gibt es nicht. Vielleicht ist er abgelaufen, oder Sie haben sich vertippt: Vergleichen Sie ihn mit dem anderen Bildschirm.
type-warning = Tippen Sie nur einen Code ein, den Sie auf Ihrem eigenen Bildschirm sehen. Wenn Ihnen jemand einen Code gesagt oder geschickt hat, schließen Sie diese Seite.

## What this host is

home-title = Was dieser Server ist
home-heading = Dieser Server prüft Reisepässe
home-text = Unternehmen und Stellen schicken Menschen hierher, damit sie sich mit dem Chip ihres Reisepasses ausweisen. Er wird unter { $host } mit Kayle betrieben, das jeder lesen und betreiben kann.
home-sent = Wenn jemand Sie hierher geschickt hat, öffnen Sie den Link, den Sie bekommen haben. Hier gibt es nichts zu beginnen.
home-code = Ich habe einen Code zum Eintippen
home-data = Was dieser Server mit Daten macht
home-developers = Für Entwickler
home-source = Quellcode und Dokumentation
data-title = Was dieser Server mit Daten macht
data-chip = Das Handy liest den Chip und schickt die Daten über eine verschlüsselte Verbindung an diesen Server. Der Server prüft sie im Arbeitsspeicher und löscht sie, wenn die Prüfung vorbei ist. Was Sie nicht weitergeben, wird hier nie auf eine Festplatte geschrieben.
data-waiting = Was Sie weitergeben, wartet hier, bis es abgeholt wurde, höchstens etwa 28 Stunden. Es wird für den Empfänger verschlüsselt, bevor es geschrieben wird: Dieser Server kann es dann nicht mehr lesen.
data-stored = Was von einer Prüfung gespeichert wird: wer angefragt hat, welche Angaben und warum, wann sie begann und wann und wie sie endete, warum ein Versuch misslang, wie der Chip geprüft wurde, welche Version der App benutzt wurde, dass Sie zugestimmt haben, wann und in welcher Sprache, und verschlüsselte Prüfwerte (Hashes), die Ihren Browser, sein Netz und Ihr Handy daran binden. Bis zum Ende auch, welche Art von Browser und System Sie benutzen und, wenn der Betreiber das ermittelt, ungefähr wo Sie sind. Was Ihren Browser daran bindet, wird bald nach dem Ende gelöscht.
data-cookie = Ein Cookie bindet diesen Browser an die Prüfung, die Sie geöffnet haben, damit niemand sonst Ihren Link benutzen kann. Es dient nicht dazu, Sie zu verfolgen, und ist weg, wenn der Browser geschlossen wird.
data-others = Nichts auf diesen Seiten kommt von Dritten. Was Sie weitergeben wollen, geht an die Stelle, die danach gefragt hat, und zwar so verschlüsselt, dass nur sie es lesen kann. Sie erfährt auch, wie jede Prüfung ausging, wie sicher der Server sich dabei ist, und bekommt eine Kennung, an der sie den Ausweis wiedererkennt.

## What is asked for

claim-document-type-code = Art des Ausweises
claim-issuing-country-code = Staat, der den Ausweis ausgestellt hat
claim-family-name = Nachname
claim-given-names = Vornamen
claim-document-number = Nummer des Ausweises
claim-nationality-code = Staatsangehörigkeit
claim-date-of-birth = Geburtsdatum
claim-sex-marker = Geschlecht laut Ausweis
claim-document-expiry-date = Ablaufdatum des Ausweises
claim-mrz-optional-data = Zusätzliche Angaben des ausstellenden Staates
claim-document-photo = Foto im Chip
claim-kayle-document-id = Ein Code, an dem { $organization } diesen Ausweis wiedererkennt
claim-kayle-human-id = Persönlicher Code (immer leer)
claim-age-over = Ob Sie mindestens { $years } Jahre alt sind
