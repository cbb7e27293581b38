# See en.ftl for what each message is, and docs/TRANSLATING.md for how to change one.

## Every page

language-name = Italiano
skip-to-content = Vai al contenuto
choose-language = Lingua
change-language = Cambia
about-this-page = Che cos’è questa pagina?
page-by = Verifica di Kayle su { $host }

## Who asks, for what, and the consent

consent-title = { $organization } Le chiede di dimostrare la Sua identità
consent-heading = { $organization } Le chiede di dimostrare la Sua identità
verified-domain = Titolare verificato di { $domain }
unverified-domain = Non abbiamo controllato chi c’è dietro questo nome. Continui solo se { $organization } L’ha mandata qui proprio adesso.
returns-to = Alla fine torna a { $domain }.
how-heading = Come funziona
how-phone = Lei appoggia il passaporto a un telefono. Il telefono legge il chip che c’è dentro.
how-check = Questo server controlla che il chip sia autentico.
how-choose = Sul telefono rivede tutto e sceglie che cosa condividere. Prima non viene condiviso nulla.
how-time = Ci vogliono circa due minuti. Le servono il passaporto e un telefono capace di leggerlo.
fields-heading = Che cosa chiede { $organization }
field-required = Obbligatorio
field-optional = Facoltativo: decide Lei sul telefono
field-reason = Perché: { $reason }
field-by-server = Fa parte di ogni verifica
data-heading = Che cosa succede ai Suoi dati
data-kept = Il Suo documento viene controllato in memoria e poi cancellato. Questo server non ne conserva nulla che Lei non condivida.
data-sent = Ciò che Lei condivide va solo a { $organization }, e cifrato: questo server non può leggerlo mentre attende di essere ritirato. { $organization } viene anche a sapere com’è andato il controllo.
data-theirs = Che cosa ne fa poi { $organization } non dipende da noi.
data-recorded = Registriamo che Lei ha dato il consenso, quando e in quale lingua.
terms-of = Condizioni di { $organization }
privacy-of = Informativa sulla privacy di { $organization }
about-data = Altre informazioni su che cosa fa questo server con i dati
consent-agree = Accetta e continua
consent-decline = Rifiuta
consent-decline-note = Se rifiuta, non viene condiviso nulla, e lo comunichiamo a { $organization }.

## The way to the phone

offer-title = Continui sul telefono
offer-heading = Continui sul telefono
scan-heading = Inquadri questo codice con il telefono
scan-how = Apra la fotocamera del telefono e la punti verso il codice. Poi tocchi quello che appare.
qr-label = Codice QR che apre questa verifica sul telefono
qr-waiting = Il codice sta arrivando…
qr-renewed = Ora c’è un codice nuovo.
qr-failed = Non siamo riusciti a ottenere un codice. Controlli la connessione a internet.
qr-again = Riprova
code-time = Questo codice si rinnova da solo, tra { $time }.
keep-open = Tenga aperta questa pagina. Mostrerà un numero che il telefono Le chiederà.
copy-link = Copia il link
copied = Copiato. Lo apra sul Suo telefono e non lo mandi a nessuno.
copy-failed = Questo browser non ci lascia copiare. Copi il link dal campo oppure inquadri il codice.
link-label = Link per il telefono
cannot-scan = Non posso inquadrare il codice
cannot-scan-link = Copi il link e lo apra sul telefono, per esempio mandandolo al Suo indirizzo e-mail.
cannot-scan-type = Può anche scrivere un codice: apra questo indirizzo nel browser del telefono e scriva lì il codice.
show-user-code = Mostra un codice da scrivere
user-code-label = Codice da scrivere
user-code-time = Vale ancora { $time }.
open-heading = Apra l’app su questo telefono
open-how = L’app legge il chip del passaporto.
open-app = Apri l’app
open-nothing = Non è successo niente?
open-nothing-text = Forse l’app non è su questo telefono.
open-scheme = Apri in un altro modo
get-app-ios = Scarica l’app per iPhone
get-app-android = Scarica l’app per Android
use-other-phone = Usa invece un altro telefono
device-heading = Quale dispositivo leggerà il passaporto?
device-text = Per leggere il chip si appoggia il passaporto al dispositivo. La maggior parte dei tablet non può farlo.
device-this = Questo dispositivo
device-other = Un altro telefono

## While the phone is at work

connected-title = Il telefono è collegato
connected-heading = Il telefono è collegato
connected-text = Continui sul telefono. Questa pagina va avanti da sola.
match-title = Confronti il numero
match-heading = Scelga questo numero sul telefono
match-text = Se il telefono è il Suo, tocchi lì questo numero. Se non lo è, non lo dica a nessuno.
match-network-same = Il telefono è nella stessa rete di questa pagina.
match-network-different = Il telefono non è nella stessa rete di questa pagina, per esempio perché usa i dati mobili. Se non è il Suo, non dica il numero a nessuno e annulli.
reading-title = Lettura del documento
reading-heading = Il telefono sta leggendo il documento
reading-text = Tenga il telefono fermo sul passaporto. Se la lettura si ferma, lo appoggi di nuovo.
reading-mrz-text = Il telefono legge le due righe in fondo alla pagina con la foto.
reading-progress = Letto il { $percent }%
checking-title = Controllo in corso
checking-heading = Stiamo controllando il documento
checking-text = Ci vogliono pochi secondi.
selfie-title = Scatti una foto del Suo viso
selfie-heading = Scatti una foto del Suo viso con il telefono
selfie-text = Il telefono Le scatta delle foto e le manda a questo server. Il server non le conserva, e in questa versione nessuno le confronta.
share-title = Scelga che cosa condividere
share-heading = Scelga sul telefono che cosa condividere
share-text = Il documento è autentico. Finora non è stato condiviso nulla.
step-connect = Telefono collegato
step-read = Documento letto
step-check = Documento controllato
step-photo = Foto scattate
step-share = Lei sceglie che cosa condividere
step-done = fatto
step-now = adesso
step-next = dopo
steps-label = Avanzamento
live-lost = Nessuna connessione. Riproviamo automaticamente; quello che succede sul telefono continua.
live-back = Di nuovo in linea.
refresh-note = Questa pagina cerca novità due volte al minuto.
refresh-now = Guarda adesso

## When the first phone has come, no other can

claimed-title = Continui sul telefono con cui ha iniziato
claimed-heading = Continui sul telefono con cui ha iniziato
claimed-text = Per la Sua sicurezza solo quel telefono può finire. Non viene dato nessun altro codice.
phone-gone-heading = Non ha più il telefono, o non funziona?
phone-gone-text = Annulli qui e chieda a { $organization } una nuova verifica.
retry-title = Riprovi sul telefono
retry-heading = Non ha funzionato. Riprovi con lo stesso telefono.
retry-left = { $remaining ->
    [one] Può provare ancora { $remaining } volta.
   *[other] Può provare ancora { $remaining } volte.
}

## Why a check failed, and what to try

failed-title = Verifica non riuscita
failed-heading = Non siamo riusciti a verificare la Sua identità
failed-next-time = Per la prossima volta: { $advice }
failure-passport-authenticity-failed = Non siamo riusciti a dimostrare che il documento è autentico.
failure-passport-authenticity-failed-try = Provi a leggerlo bene: tolga la custodia e tenga fermo il telefono. Questo server non conosce tutti gli Stati.
failure-passport-active-authentication-failed = Il chip non ha dimostrato di essere l’originale.
failure-passport-active-authentication-failed-try = Tenga il telefono fermo sul passaporto fino alla fine.
failure-passport-chip-authentication-failed = Il chip non ha dimostrato di essere l’originale.
failure-passport-chip-authentication-failed-try = Tenga il telefono fermo sul passaporto fino alla fine.
failure-passport-chip-proof-missing = { $organization } chiede la prova che il chip non sia una copia, e questo documento o questo telefono non può darla.
failure-passport-chip-proof-missing-try = Provi con un altro documento.
failure-passport-revocation-unknown = { $organization } chiede un elenco di revoca dello Stato che ha rilasciato il documento, e non ne abbiamo nessuno.
failure-passport-revocation-unknown-try = Provi con un altro documento.
failure-document-expired = Il documento è scaduto.
failure-document-expired-try = Ne usi uno ancora valido.
failure-document-data-invalid = Non è stato possibile leggere i dati nel chip.
failure-document-data-invalid-try = Tenga fermo il telefono, oppure provi con un altro documento.
failure-match-code-wrong = Sul telefono è stato scelto un numero diverso da quello mostrato qui. Per la Sua sicurezza la verifica è stata chiusa e non è stato condiviso nulla.
no-attempts-left = Non restano altri tentativi e non è stato condiviso nulla. { $organization } può mandarLa qui di nuovo.

## The other ends

success-title = Fatto
success-heading = Fatto. La Sua identità è verificata.
success-text = { $organization } riceve ciò che Lei ha scelto di condividere e viene a sapere com’è andato il controllo.
cancelled-title = Annullata
cancelled-heading = Questa verifica è stata annullata
cancelled-by-person = L’ha annullata Lei. Non è stato condiviso nulla.
cancelled-by-organization = { $organization } l’ha annullata. Non è stato condiviso nulla.
declined-title = Rifiutata
declined-heading = Lei ha rifiutato
declined-text = Non è stato condiviso nulla, e lo abbiamo comunicato a { $organization }. Se è stato un errore, torni da { $organization } e ricominci.
not-me-title = Chiusa per sicurezza
not-me-heading = Chiusa: «Non ero io»
not-me-text = Chi ha in mano il telefono ha detto di non avere aperto questa pagina. Non è stato condiviso nulla. Se quella persona è Lei, forse qualcuno ha cercato di usare il Suo passaporto per i propri scopi: avvisi { $organization }.
expired-title = Il tempo è scaduto
expired-heading = Il tempo per questa verifica è scaduto
expired-text = Non è stato condiviso nulla. { $organization } può mandarLa qui di nuovo.
start-again = Per ricominciare, torni da { $organization }.
close-page = Può chiudere questa pagina.
return-heading = Ritorno a { $organization }
return-now = Continua su { $organization }
return-in = { $seconds ->
    [one] Tra { $seconds } secondo tornerà indietro.
   *[other] Tra { $seconds } secondi tornerà indietro.
}
return-stop = Resta qui
return-stopped = Resta qui. Continui quando vuole.
returned-already = Il ritorno è già avvenuto una volta. Se non ha funzionato, apra { $organization } da sé.

## Cancelling and time

cancel = Annulla questa verifica
cancel-ask = Vuole annullare? Non verrà condiviso nulla.
cancel-yes = Sì, annulla
time-left = { $minutes ->
    [one] Questa verifica finisce tra circa { $minutes } minuto.
   *[other] Questa verifica finisce tra circa { $minutes } minuti.
}
time-extend = Mi serve più tempo
time-extended = Ora ha più tempo.

## Pages of a sentence

invalid-link-title = Questo link non funziona
invalid-link-text = Forse non è stato copiato per intero. Torni al sito che L’ha mandata qui e ricominci.
other-browser-title = Questa verifica è stata aperta in un altro browser
other-browser-text = Per la Sua sicurezza continua solo lì. Torni al browser in cui l’ha aperta la prima volta. Se non l’ha aperta Lei, chiuda questa pagina; chi L’ha mandata qui può darLe un link personale.
not-opened-title = Continui sul telefono
not-opened-text = Un telefono ha iniziato questa verifica prima che questa pagina fosse aperta. Questa pagina può seguirla, e nient’altro. Continui sul telefono. Se quel telefono non è Suo, avvisi chi L’ha mandata qui.
no-cookies-title = Questo browser non conserva i cookie
no-cookies-text = Senza un cookie questa verifica non può essere legata a questo browser. Consenta i cookie per questo sito e ricarichi la pagina, oppure apra il link in un altro browser.
cross-site-title = Questa richiesta non viene dalla nostra pagina
cross-site-text = Apra di nuovo il Suo link e continui da lì. Nulla è cambiato.
unavailable-title = Qualcosa è andato storto
unavailable-text = Riprovi tra un momento. Nulla è andato perso e nulla è stato condiviso.
too-fast-title = Troppe richieste
too-fast-text = Aspetti un minuto e riprovi.

## On the phone, without the app

app-title = Continui nell’app
app-heading = Continui nell’app sul telefono
app-warning = Continui solo se ha appena iniziato Lei questa verifica. Se qualcun altro Le ha mandato questo link, chiuda questa pagina.
app-get-heading = Non ha ancora l’app?
app-unknown = Questo server è gestito all’indirizzo { $host }. Chi lo gestisce non ha detto dove trovare l’app: chieda a loro, o a chi L’ha mandata qui.
app-then = La installi, poi torni a questa pagina oppure inquadri di nuovo il codice.
app-back = Torna alla verifica
app-no-link = Questo link è incompleto o troppo vecchio. Inquadri di nuovo il codice.
app-needs-script = Senza JavaScript questa pagina non può aprire l’app. Lo attivi e inquadri di nuovo il codice.
type-title = Scriva il codice
type-heading = Scriva il codice che appare sull’altro schermo
type-label = Codice di otto lettere
type-go = Continua
type-wrong = Questo codice non è conosciuto. Forse è scaduto, o c’è una lettera sbagliata: lo confronti con l’altro schermo.
type-warning = Scriva solo un codice che vede sul Suo schermo. Se qualcuno Le ha detto o mandato un codice, chiuda questa pagina.

## What this host is

home-title = Che cos’è questo server
home-heading = Questo server verifica passaporti
home-text = Aziende ed enti mandano qui le persone perché dimostrino la propria identità con il chip del passaporto. È gestito all’indirizzo { $host } con Kayle, che chiunque può leggere e usare.
home-sent = Se qualcuno L’ha mandata qui, apra il link che ha ricevuto. Qui non c’è nulla da iniziare.
home-code = Ho un codice da scrivere
home-data = Che cosa fa questo server con i dati
home-developers = Per gli sviluppatori
home-source = Codice sorgente e documentazione
data-title = Che cosa fa questo server con i dati
data-chip = Il telefono legge il chip e lo manda a questo server con una connessione cifrata. Il server lo controlla in memoria e lo cancella quando il controllo è finito. Ciò che Lei non condivide non viene mai scritto qui su un disco.
data-waiting = Ciò che Lei condivide attende qui di essere ritirato, circa 28 ore al massimo. Viene cifrato per il destinatario prima di essere scritto: questo server non può più leggerlo.
data-stored = Che cosa si conserva di una verifica: chi l’ha chiesta, quali dati e perché, quando è iniziata, quando e come è finita, perché un tentativo non è riuscito, come è stato controllato il chip, quale versione dell’app è stata usata, che Lei ha dato il consenso, quando e in quale lingua, e impronte cifrate (hash con chiave) che le legano il Suo browser, la sua rete e il Suo telefono. Fino alla fine anche che tipo di browser e di sistema usa e, se chi gestisce il server lo rileva, dove si trova all’incirca. Ciò che le lega il browser viene cancellato poco dopo la fine.
data-cookie = Un cookie lega questo browser alla verifica che Lei ha aperto, perché nessun altro possa usare il Suo link. Non serve a seguirLa, e sparisce quando si chiude il browser.
data-others = Nulla in queste pagine viene da terzi. Ciò che Lei sceglie di condividere va a chi l’ha chiesto, cifrato in modo che solo chi l’ha chiesto possa leggerlo. Chi l’ha chiesto viene anche a sapere com’è andato ogni controllo e quanto il server ne è sicuro, e riceve un codice con cui riconosce il documento.

## What is asked for

claim-document-type-code = Tipo di documento
claim-issuing-country-code = Stato che ha rilasciato il documento
claim-family-name = Cognome
claim-given-names = Nomi
claim-document-number = Numero del documento
claim-nationality-code = Cittadinanza
claim-date-of-birth = Data di nascita
claim-sex-marker = Sesso indicato nel documento
claim-document-expiry-date = Data di scadenza del documento
claim-mrz-optional-data = Dati aggiuntivi dello Stato di rilascio
claim-document-photo = Foto nel chip
claim-kayle-document-id = Un codice con cui { $organization } riconosce questo documento
claim-kayle-human-id = Codice personale (sempre vuoto)
claim-age-over = Se Lei ha almeno { $years } anni
