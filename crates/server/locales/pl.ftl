# See en.ftl for what each message is, and docs/TRANSLATING.md for how to change one.

## Every page

language-name = Polski
skip-to-content = Przejdź do treści
choose-language = Język
change-language = Zmień
about-this-page = Co to za strona?
page-by = Weryfikacja Kayle na { $host }

## Who asks, for what, and the consent

consent-title = { $organization } prosi o potwierdzenie tożsamości
consent-heading = { $organization } prosi o potwierdzenie tożsamości
verified-domain = Sprawdzony właściciel domeny { $domain }
unverified-domain = Nie sprawdziliśmy, kto kryje się za tą nazwą. Proszę kontynuować tylko wtedy, gdy przed chwilą skierowała tu Państwa organizacja { $organization }.
returns-to = Potem nastąpi powrót na stronę { $domain }.
how-heading = Jak to działa
how-phone = Trzeba przyłożyć paszport do telefonu. Telefon odczyta chip, który jest w paszporcie.
how-check = Ten serwer sprawdza, czy chip jest autentyczny.
how-choose = Na telefonie można jeszcze raz wszystko zobaczyć i wybrać, co udostępnić. Wcześniej nic nie jest udostępniane.
how-time = Zajmie to około dwóch minut. Potrzebny jest paszport i telefon, który potrafi go odczytać.
fields-heading = O co prosi { $organization }
field-required = Wymagane
field-optional = Nieobowiązkowe: decyzja na telefonie
field-reason = Dlaczego: { $reason }
field-by-server = Część każdej weryfikacji
data-heading = Co się stanie z danymi
data-kept = Dokument jest sprawdzany w pamięci, a potem usuwany. Ten serwer nie zachowuje z niego niczego, co nie zostanie udostępnione.
data-sent = To, co zostanie udostępnione, dostanie tylko { $organization }, w postaci zaszyfrowanej: ten serwer nie może tego odczytać, gdy czeka to na odbiór. { $organization } dowie się też, jak przebiegło sprawdzenie.
data-theirs = Na to, co dalej zrobi z tym { $organization }, nie mamy wpływu.
data-recorded = Zapisujemy, że wyrażono zgodę, kiedy i w jakim języku.
terms-of = Regulamin: { $organization }
privacy-of = Polityka prywatności: { $organization }
about-data = Więcej o tym, co ten serwer robi z danymi
consent-agree = Zgadzam się i przechodzę dalej
consent-decline = Odmawiam
consent-decline-note = W razie odmowy nic nie zostanie udostępnione, a { $organization } dostanie o tym wiadomość.

## The way to the phone

offer-title = Dalej na telefonie
offer-heading = Proszę przejść na telefon
scan-heading = Proszę zeskanować ten kod telefonem
scan-how = Proszę otworzyć aparat w telefonie i skierować go na kod. Potem proszę dotknąć tego, co się pojawi.
qr-label = Kod QR, który otwiera tę weryfikację na telefonie
qr-waiting = Pobieramy kod…
qr-renewed = Jest już nowy kod.
qr-failed = Nie udało się pobrać kodu. Proszę sprawdzić połączenie z internetem.
qr-again = Spróbuj ponownie
code-time = Ten kod odnowi się sam za { $time }.
keep-open = Proszę nie zamykać tej strony. Pojawi się na niej liczba, o którą zapyta telefon.
copy-link = Kopiuj link
copied = Skopiowano. Proszę otworzyć link na swoim telefonie i nikomu go nie wysyłać.
copy-failed = Ta przeglądarka nie pozwala na kopiowanie. Proszę skopiować link z pola albo zeskanować kod.
link-label = Link na telefon
cannot-scan = Nie mogę zeskanować
cannot-scan-link = Proszę skopiować link i otworzyć go na telefonie, na przykład z wiadomości wysłanej do siebie.
cannot-scan-type = Można też wpisać kod: proszę otworzyć ten adres w przeglądarce telefonu i tam wpisać kod.
show-user-code = Pokaż kod do wpisania
user-code-label = Kod do wpisania
user-code-time = Ważny jeszcze { $time }.
open-heading = Proszę otworzyć aplikację na tym telefonie
open-how = Aplikacja odczyta chip paszportu.
open-app = Otwórz aplikację
open-nothing = Nic się nie stało?
open-nothing-text = Być może na tym telefonie nie ma aplikacji.
open-scheme = Otwórz w inny sposób
get-app-ios = Pobierz aplikację na iPhone’a
get-app-android = Pobierz aplikację na Androida
use-other-phone = Użyj innego telefonu
device-heading = Które urządzenie ma odczytać paszport?
device-text = Aby odczytać chip, przykłada się paszport do urządzenia. Większość tabletów tego nie potrafi.
device-this = To urządzenie
device-other = Inny telefon

## While the phone is at work

connected-title = Telefon jest połączony
connected-heading = Telefon jest połączony
connected-text = Proszę kontynuować na telefonie. Ta strona sama będzie pokazywać postępy.
match-title = Proszę porównać liczbę
match-heading = Proszę wybrać tę liczbę na telefonie
match-text = Jeśli to Państwa telefon, proszę dotknąć na nim tej liczby. Jeśli nie, proszę nikomu jej nie podawać.
match-network-same = Telefon jest w tej samej sieci co ta strona.
match-network-different = Telefon jest w innej sieci niż ta strona, na przykład korzysta z danych komórkowych. Jeśli to nie Państwa telefon, proszę nikomu nie podawać tej liczby i anulować weryfikację.
reading-title = Odczyt dokumentu
reading-heading = Telefon odczytuje dokument
reading-text = Proszę trzymać telefon nieruchomo na paszporcie. Jeśli odczyt się zatrzyma, proszę przyłożyć go jeszcze raz.
reading-mrz-text = Telefon odczytuje dwa wiersze na dole strony ze zdjęciem.
reading-progress = Odczytano { $percent }%
checking-title = Sprawdzanie
checking-heading = Sprawdzamy dokument
checking-text = Potrwa to kilka sekund.
selfie-title = Proszę zrobić sobie zdjęcie
selfie-heading = Proszę zrobić sobie zdjęcie telefonem
selfie-text = Telefon robi zdjęcia twarzy i wysyła je do tego serwera. Serwer ich nie zachowuje, a w tej wersji nikt ich nie porównuje.
share-title = Proszę wybrać, co udostępnić
share-heading = Proszę wybrać na telefonie, co udostępnić
share-text = Dokument jest autentyczny. Nic jeszcze nie zostało udostępnione.
step-connect = Telefon połączony
step-read = Dokument odczytany
step-check = Dokument sprawdzony
step-photo = Zdjęcia zrobione
step-share = Wybór danych do udostępnienia
step-done = gotowe
step-now = teraz
step-next = następne
steps-label = Postęp
live-lost = Brak połączenia. Sami spróbujemy ponownie; na telefonie wszystko toczy się dalej.
live-back = Połączenie wróciło.
refresh-note = Ta strona szuka nowości dwa razy na minutę.
refresh-now = Sprawdź teraz

## When the first phone has come, no other can

claimed-title = Dalej na telefonie, na którym zaczęto
claimed-heading = Proszę kontynuować na telefonie, na którym zaczęto
claimed-text = Dla bezpieczeństwa dokończyć można tylko na tamtym telefonie. Nie będzie nowego kodu.
phone-gone-heading = Telefon zaginął albo nie działa?
phone-gone-text = Proszę anulować tutaj i poprosić organizację { $organization } o nową weryfikację.
retry-title = Proszę spróbować ponownie na telefonie
retry-heading = Nie udało się. Proszę spróbować ponownie tym samym telefonem.
retry-left = { $remaining ->
    [one] Można spróbować jeszcze { $remaining } raz.
    [few] Można spróbować jeszcze { $remaining } razy.
    [many] Można spróbować jeszcze { $remaining } razy.
   *[other] Można spróbować jeszcze { $remaining } raza.
}

## Why a check failed, and what to try

failed-title = Nie potwierdzono
failed-heading = Nie udało się potwierdzić tożsamości
failed-next-time = Na następny raz: { $advice }
failure-passport-authenticity-failed = Nie udało się dowieść, że dokument jest autentyczny.
failure-passport-authenticity-failed-try = Proszę spróbować odczytać go jeszcze raz: zdjąć okładkę i trzymać telefon nieruchomo. Niektórych państw ten serwer nie zna.
failure-passport-active-authentication-failed = Chip nie dowiódł, że jest oryginałem.
failure-passport-active-authentication-failed-try = Proszę trzymać telefon nieruchomo na paszporcie aż do końca.
failure-passport-chip-authentication-failed = Chip nie dowiódł, że jest oryginałem.
failure-passport-chip-authentication-failed-try = Proszę trzymać telefon nieruchomo na paszporcie aż do końca.
failure-passport-chip-proof-missing = { $organization } wymaga dowodu, że chip nie jest kopią, a ten dokument lub telefon nie może go dać.
failure-passport-chip-proof-missing-try = Proszę spróbować z innym dokumentem.
failure-passport-revocation-unknown = { $organization } wymaga listy unieważnionych certyfikatów państwa, które wydało dokument, a my jej nie mamy.
failure-passport-revocation-unknown-try = Proszę spróbować z innym dokumentem.
failure-document-expired = Dokument stracił ważność.
failure-document-expired-try = Proszę użyć takiego, który jest jeszcze ważny.
failure-document-data-invalid = Nie udało się odczytać danych z chipa.
failure-document-data-invalid-try = Proszę trzymać telefon nieruchomo albo spróbować z innym dokumentem.
failure-match-code-wrong = Na telefonie wybrano inną liczbę niż ta, która była pokazana tutaj. Dla bezpieczeństwa weryfikacja została zakończona i nic nie zostało udostępnione.
no-attempts-left = Nie ma już więcej prób i nic nie zostało udostępnione. { $organization } może tu Państwa skierować ponownie.

## The other ends

success-title = Gotowe
success-heading = Gotowe. Tożsamość jest potwierdzona.
success-text = { $organization } dostanie to, co zostało wybrane do udostępnienia, i dowie się, jak przebiegło sprawdzenie.
cancelled-title = Anulowano
cancelled-heading = Ta weryfikacja została anulowana
cancelled-by-person = Weryfikację anulowano na Państwa prośbę. Nic nie zostało udostępnione.
cancelled-by-organization = Weryfikację anulowała organizacja { $organization }. Nic nie zostało udostępnione.
declined-title = Odmowa
declined-heading = Odmówiono zgody
declined-text = Nic nie zostało udostępnione, a { $organization } ma już o tym wiadomość. Jeśli to pomyłka, proszę wrócić na stronę organizacji { $organization } i zacząć od nowa.
not-me-title = Zakończono dla bezpieczeństwa
not-me-heading = Zakończono: „To nie ja”
not-me-text = Osoba z telefonem odpowiedziała, że to nie ona otworzyła tę stronę. Nic nie zostało udostępnione. Jeśli to Państwa odpowiedź, być może ktoś próbował użyć Państwa paszportu dla siebie: proszę zawiadomić organizację { $organization }.
expired-title = Czas minął
expired-heading = Czas na tę weryfikację minął
expired-text = Nic nie zostało udostępnione. { $organization } może tu Państwa skierować ponownie.
start-again = Aby zacząć od nowa, proszę wrócić na stronę organizacji { $organization }.
close-page = Można zamknąć tę stronę.
return-heading = Powrót: { $organization }
return-now = Dalej: { $organization }
return-in = { $seconds ->
    [one] Powrót nastąpi za { $seconds } sekundę.
    [few] Powrót nastąpi za { $seconds } sekundy.
    [many] Powrót nastąpi za { $seconds } sekund.
   *[other] Powrót nastąpi za { $seconds } sekundy.
}
return-stop = Zostań tutaj
return-stopped = Ta strona pozostaje otwarta. Można przejść dalej w dowolnej chwili.
returned-already = Powrót już raz nastąpił. Jeśli się nie udał, proszę samodzielnie otworzyć stronę organizacji { $organization }.

## Cancelling and time

cancel = Anuluj tę weryfikację
cancel-ask = Czy anulować? Nic nie zostanie udostępnione.
cancel-yes = Tak, anuluj
time-left = { $minutes ->
    [one] Ta weryfikacja skończy się za około { $minutes } minutę.
    [few] Ta weryfikacja skończy się za około { $minutes } minuty.
    [many] Ta weryfikacja skończy się za około { $minutes } minut.
   *[other] Ta weryfikacja skończy się za około { $minutes } minuty.
}
time-extend = Potrzebuję więcej czasu
time-extended = Jest teraz więcej czasu.

## Pages of a sentence

invalid-link-title = Ten link nie działa
invalid-link-text = Być może nie został skopiowany w całości. Proszę wrócić na stronę, która tu skierowała, i zacząć od nowa.
other-browser-title = Tę weryfikację otwarto w innej przeglądarce
other-browser-text = Dla bezpieczeństwa można ją kontynuować tylko tam. Proszę wrócić do przeglądarki, w której otwarto ją najpierw. Jeśli otworzył ją ktoś inny, proszę zamknąć tę stronę; kto tu Państwa skierował, może dać Państwu własny link.
not-opened-title = Proszę kontynuować na telefonie
not-opened-text = Telefon rozpoczął tę weryfikację, zanim otwarto tę stronę. Ta strona może tylko pokazywać jej przebieg. Proszę kontynuować na telefonie. Jeśli to nie Państwa telefon, proszę zawiadomić tego, kto tu Państwa skierował.
no-cookies-title = Ta przeglądarka nie zapisuje plików cookie
no-cookies-text = Bez pliku cookie nie można powiązać tej weryfikacji z tą przeglądarką. Proszę zezwolić tej stronie na pliki cookie i wczytać ją ponownie albo otworzyć link w innej przeglądarce.
cross-site-title = To nie przyszło z naszej strony
cross-site-text = Proszę ponownie otworzyć swój link i kontynuować stamtąd. Nic się nie zmieniło.
unavailable-title = Coś poszło nie tak
unavailable-text = Proszę spróbować ponownie za chwilę. Nic nie przepadło i nic nie zostało udostępnione.
too-fast-title = Zbyt wiele prób
too-fast-text = Proszę poczekać minutę i spróbować ponownie.

## On the phone, without the app

app-title = Dalej w aplikacji
app-heading = Proszę przejść do aplikacji na telefonie
app-warning = Proszę kontynuować tylko wtedy, gdy przed chwilą samodzielnie rozpoczęto tę weryfikację. Jeśli ten link wysłał ktoś inny, proszę zamknąć tę stronę.
app-get-heading = Nie ma jeszcze aplikacji?
app-unknown = Ten serwer działa pod adresem { $host }. Prowadzący go nie podali, skąd pobrać aplikację: proszę zapytać ich albo tego, kto tu Państwa skierował.
app-then = Proszę ją zainstalować, a potem wrócić na tę stronę albo zeskanować kod jeszcze raz.
app-back = Wróć do weryfikacji
app-no-link = Ten link jest niepełny albo zbyt stary. Proszę zeskanować kod jeszcze raz.
app-needs-script = Bez JavaScriptu ta strona nie może otworzyć aplikacji. Proszę go włączyć i zeskanować kod jeszcze raz.
type-title = Proszę wpisać kod
type-heading = Proszę wpisać kod widoczny na drugim ekranie
type-label = Kod z ośmiu liter
type-go = Dalej
type-wrong = Nie ma takiego kodu. Być może stracił ważność albo jest w nim pomyłka: proszę porównać go z drugim ekranem.
type-warning = Proszę wpisać tylko kod, który widać na własnym ekranie. Jeśli ktoś podał lub przysłał kod, proszę zamknąć tę stronę.

## What this host is

home-title = Co to za serwer
home-heading = Ten serwer sprawdza paszporty
home-text = Firmy i instytucje kierują tu osoby, które mają potwierdzić swoją tożsamość chipem paszportu. Serwer działa pod adresem { $host } dzięki oprogramowaniu Kayle, które każdy może przejrzeć i uruchomić.
home-sent = Jeśli skierowała tu Państwa jakaś firma, proszę otworzyć link, który od niej przyszedł. Na tej stronie nie ma czego zaczynać.
home-code = Mam kod do wpisania
home-data = Co ten serwer robi z danymi
home-developers = Dla programistów
home-source = Kod źródłowy i dokumentacja
data-title = Co ten serwer robi z danymi
data-chip = Telefon odczytuje chip i wysyła dane do tego serwera szyfrowanym połączeniem. Serwer sprawdza je w pamięci i usuwa, gdy sprawdzanie się skończy. To, co nie zostanie udostępnione, nigdy nie jest tu zapisywane na dysku.
data-waiting = To, co zostanie udostępnione, czeka tu na odbiór, najwyżej około 28 godzin. Przed zapisaniem jest szyfrowane dla odbiorcy: ten serwer nie może już tego odczytać.
data-stored = Co zostaje po weryfikacji: kto o nią prosił, o jakie dane i dlaczego, kiedy się zaczęła, kiedy i jak się skończyła, dlaczego próba się nie udała, jak sprawdzono chip, jakiej wersji aplikacji użyto, że wyrażono zgodę, kiedy i w jakim języku, oraz zaszyfrowane skróty (hasze z kluczem), które wiążą z nią przeglądarkę, jej sieć i telefon. Do zakończenia także rodzaj przeglądarki i systemu oraz, jeśli prowadzący serwer to ustala, przybliżone miejsce. To, co wiąże z nią przeglądarkę, jest usuwane wkrótce po zakończeniu.
data-cookie = Jeden plik cookie wiąże tę przeglądarkę z otwartą weryfikacją, aby nikt inny nie mógł użyć tego linku. Nie służy do śledzenia i znika po zamknięciu przeglądarki.
data-others = Nic na tych stronach nie pochodzi od osób trzecich. To, co zostanie wybrane do udostępnienia, trafia do tego, kto o to prosił, zaszyfrowane tak, że tylko on może to odczytać. Dowie się on też, jak przebiegło każde sprawdzenie i na ile serwer jest go pewien, i dostanie kod, po którym rozpozna dokument.

## What is asked for

claim-document-type-code = Rodzaj dokumentu
claim-issuing-country-code = Państwo, które wydało dokument
claim-family-name = Nazwisko
claim-given-names = Imiona
claim-document-number = Numer dokumentu
claim-nationality-code = Obywatelstwo
claim-date-of-birth = Data urodzenia
claim-sex-marker = Płeć według dokumentu
claim-document-expiry-date = Data ważności dokumentu
claim-mrz-optional-data = Dodatkowe dane państwa, które wydało dokument
claim-document-photo = Zdjęcie z chipa
claim-kayle-document-id = Kod, po którym { $organization } rozpozna ten dokument
claim-kayle-human-id = Kod osobisty (zawsze pusty)
claim-age-over = { $years ->
    [one] Czy wiek wynosi co najmniej { $years } rok
    [few] Czy wiek wynosi co najmniej { $years } lata
    [many] Czy wiek wynosi co najmniej { $years } lat
   *[other] Czy wiek wynosi co najmniej { $years } roku
}
