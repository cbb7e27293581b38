# See en.ftl for what each message is, and docs/TRANSLATING.md for how to change one.

## Every page

language-name = Español
skip-to-content = Ir al contenido
choose-language = Idioma
change-language = Cambiar
about-this-page = ¿Qué es esta página?
page-by = Verificación de Kayle en { $host }

## Who asks, for what, and the consent

consent-title = { $organization } le pide que demuestre su identidad
consent-heading = { $organization } le pide que demuestre su identidad
verified-domain = Titular comprobado de { $domain }
unverified-domain = No hemos comprobado quién está detrás de este nombre. Siga solo si { $organization } le acaba de enviar aquí.
returns-to = Después volverá a { $domain }.
how-heading = Cómo funciona
how-phone = Usted acerca su pasaporte a un teléfono. El teléfono lee el chip que lleva dentro.
how-check = Este servidor comprueba que el chip es auténtico.
how-choose = En el teléfono lo verá todo otra vez y elegirá qué quiere compartir. Antes no se comparte nada.
how-time = Tarda unos dos minutos. Necesita su pasaporte y un teléfono que pueda leerlo.
fields-heading = Lo que pide { $organization }
field-required = Obligatorio
field-optional = Opcional: usted decide en el teléfono
field-reason = Por qué: { $reason }
field-by-server = Parte de toda verificación
data-heading = Qué pasa con sus datos
data-kept = Su documento se comprueba en la memoria y después se borra. Este servidor no guarda nada de él que usted no comparta.
data-sent = Lo que usted comparte va solo a { $organization }, y cifrado: este servidor no puede leerlo mientras espera a que lo recojan. { $organization } también sabrá cómo fue la comprobación.
data-theirs = Lo que haga después { $organization } con ello no depende de nosotros.
data-recorded = Anotamos que usted aceptó, cuándo y en qué idioma.
terms-of = Condiciones de { $organization }
privacy-of = Aviso de privacidad de { $organization }
about-data = Más sobre lo que este servidor hace con los datos
consent-agree = Aceptar y continuar
consent-decline = Rechazar
consent-decline-note = Si rechaza, no se comparte nada, y se informa de ello a { $organization }.

## The way to the phone

offer-title = Continúe en su teléfono
offer-heading = Continúe en su teléfono
scan-heading = Escanee este código con su teléfono
scan-how = Abra la cámara de su teléfono y apúntela al código. Después toque lo que aparezca.
qr-label = Código QR que abre esta verificación en su teléfono
qr-waiting = Preparando un código…
qr-renewed = Ahora hay un código nuevo.
qr-failed = No hemos podido obtener un código. Compruebe su conexión a internet.
qr-again = Intentar de nuevo
code-time = Este código se renueva solo, en { $time }.
keep-open = Deje abierta esta página. En ella aparecerá un número que le pedirá su teléfono.
copy-link = Copiar enlace
copied = Copiado. Ábralo en su propio teléfono y no se lo envíe a nadie.
copy-failed = Este navegador no nos deja copiar. Copie el enlace del campo o escanee el código.
link-label = Enlace para su teléfono
cannot-scan = No puedo escanear
cannot-scan-link = Copie el enlace y ábralo en su teléfono, por ejemplo desde una nota propia.
cannot-scan-type = También puede escribir un código: abra esta dirección en el navegador de su teléfono y escriba allí el código.
show-user-code = Mostrar un código para escribir
user-code-label = Código para escribir
user-code-time = Válido durante { $time } más.
open-heading = Abra la aplicación en este teléfono
open-how = La aplicación lee el chip de su pasaporte.
open-app = Abrir la aplicación
open-nothing = ¿No ha pasado nada?
open-nothing-text = Puede que la aplicación no esté en este teléfono.
open-scheme = Abrirla de otra manera
get-app-ios = Obtener la aplicación para iPhone
get-app-android = Obtener la aplicación para Android
use-other-phone = Usar otro teléfono
device-heading = ¿Qué dispositivo va a leer su pasaporte?
device-text = Para leer el chip hay que acercar el pasaporte al dispositivo. La mayoría de las tabletas no pueden hacerlo.
device-this = Este dispositivo
device-other = Otro teléfono

## While the phone is at work

connected-title = Su teléfono está conectado
connected-heading = Su teléfono está conectado
connected-text = Continúe en su teléfono. Esta página avanza sola.
match-title = Compare el número
match-heading = Elija este número en su teléfono
match-text = Si el teléfono es suyo, toque allí este número. Si no lo es, no se lo diga a nadie.
match-network-same = El teléfono está en la misma red que esta página.
match-network-different = El teléfono no está en la misma red que esta página; por ejemplo, porque usa datos móviles. Si no es suyo, no le diga el número a nadie y cancele.
reading-title = Leyendo el documento
reading-heading = Su teléfono está leyendo el documento
reading-text = Mantenga el teléfono quieto sobre el pasaporte. Si se detiene, vuelva a apoyarlo.
reading-mrz-text = El teléfono lee las dos líneas que están al pie de la página con la foto.
reading-progress = { $percent } % leído
checking-title = Comprobando
checking-heading = Estamos comprobando el documento
checking-text = Tarda unos segundos.
selfie-title = Tómese una foto
selfie-heading = Tómese una foto con el teléfono
selfie-text = El teléfono le hace fotos y las envía a este servidor. El servidor no las guarda, y en esta versión nadie las compara con nada.
share-title = Elija qué quiere compartir
share-heading = Elija en el teléfono qué quiere compartir
share-text = El documento es auténtico. Todavía no se ha compartido nada.
step-connect = Teléfono conectado
step-read = Documento leído
step-check = Documento comprobado
step-photo = Fotos hechas
step-share = Usted elige qué comparte
step-done = hecho
step-now = ahora
step-next = después
steps-label = Progreso
live-lost = No hay conexión. Lo intentamos de nuevo automáticamente; lo que ocurre en su teléfono sigue adelante.
live-back = Conectado otra vez.
refresh-note = Esta página busca novedades dos veces por minuto.
refresh-now = Mirar ahora

## When the first phone has come, no other can

claimed-title = Continúe en el teléfono con el que empezó
claimed-heading = Continúe en el teléfono con el que empezó
claimed-text = Por su seguridad, solo ese teléfono puede terminar. No se da ningún código nuevo.
phone-gone-heading = ¿Ya no tiene el teléfono o no funciona?
phone-gone-text = Cancele aquí y pida a { $organization } una nueva verificación.
retry-title = Inténtelo de nuevo en su teléfono
retry-heading = No ha funcionado. Inténtelo de nuevo con el mismo teléfono.
retry-left = { $remaining ->
    [one] Puede intentarlo { $remaining } vez más.
   *[other] Puede intentarlo { $remaining } veces más.
}

## Why a check failed, and what to try

failed-title = No verificado
failed-heading = No hemos podido verificar su identidad
failed-next-time = Para la próxima vez: { $advice }
failure-passport-authenticity-failed = No hemos podido demostrar que el documento es auténtico.
failure-passport-authenticity-failed-try = Intente una lectura limpia: quite la funda y mantenga el teléfono quieto. Este servidor no conoce todos los países.
failure-passport-active-authentication-failed = El chip no ha demostrado que es el original.
failure-passport-active-authentication-failed-try = Mantenga el teléfono quieto sobre el pasaporte hasta que termine.
failure-passport-chip-authentication-failed = El chip no ha demostrado que es el original.
failure-passport-chip-authentication-failed-try = Mantenga el teléfono quieto sobre el pasaporte hasta que termine.
failure-passport-chip-proof-missing = { $organization } pide una prueba de que el chip no es una copia, y este documento o este teléfono no puede darla.
failure-passport-chip-proof-missing-try = Pruebe con otro documento.
failure-passport-revocation-unknown = { $organization } pide una lista de revocación del país que expidió el documento, y no disponemos de ninguna.
failure-passport-revocation-unknown-try = Pruebe con otro documento.
failure-document-expired = El documento ha caducado.
failure-document-expired-try = Use uno que siga siendo válido.
failure-document-data-invalid = No se han podido leer los datos del chip.
failure-document-data-invalid-try = Mantenga el teléfono quieto o pruebe con otro documento.
failure-match-code-wrong = En el teléfono se eligió un número distinto del que aparece aquí. Por su seguridad, la verificación ha terminado y no se ha compartido nada.
no-attempts-left = No quedan más intentos y no se ha compartido nada. { $organization } puede enviarle aquí otra vez.

## The other ends

success-title = Listo
success-heading = Listo. Su identidad está verificada.
success-text = { $organization } recibe lo que usted eligió compartir, y sabrá cómo fue la comprobación.
cancelled-title = Cancelada
cancelled-heading = Esta verificación se ha cancelado
cancelled-by-person = Usted la canceló. No se ha compartido nada.
cancelled-by-organization = { $organization } la canceló. No se ha compartido nada.
declined-title = Rechazada
declined-heading = Usted ha rechazado
declined-text = No se ha compartido nada, y se ha informado de ello a { $organization }. Si fue un error, vuelva a { $organization } y empiece de nuevo.
not-me-title = Terminada por seguridad
not-me-heading = Terminada: «No he sido yo»
not-me-text = Quien tiene el teléfono ha dicho que no abrió esta página. No se ha compartido nada. Si esa persona es usted, puede que alguien haya intentado usar su pasaporte en beneficio propio: avise a { $organization }.
expired-title = Se acabó el tiempo
expired-heading = Se acabó el tiempo para esta verificación
expired-text = No se ha compartido nada. { $organization } puede enviarle aquí otra vez.
start-again = Para empezar de nuevo, vuelva a { $organization }.
close-page = Puede cerrar esta página.
return-heading = Volver a { $organization }
return-now = Continuar a { $organization }
return-in = { $seconds ->
    [one] Volverá en { $seconds } segundo.
   *[other] Volverá en { $seconds } segundos.
}
return-stop = Quedarme aquí
return-stopped = Se queda aquí. Continúe cuando quiera.
returned-already = Ya se le ha llevado de vuelta una vez. Si no funcionó, abra { $organization } directamente.

## Cancelling and time

cancel = Cancelar esta verificación
cancel-ask = ¿Quiere cancelar? No se compartirá nada.
cancel-yes = Sí, cancelar
time-left = { $minutes ->
    [one] Esta verificación termina en { $minutes } minuto aproximadamente.
   *[other] Esta verificación termina en { $minutes } minutos aproximadamente.
}
time-extend = Necesito más tiempo
time-extended = Ahora tiene más tiempo.

## Pages of a sentence

invalid-link-title = Este enlace no funciona
invalid-link-text = Puede que no se haya copiado entero. Vuelva al sitio que le envió aquí y empiece de nuevo.
other-browser-title = Esta verificación se abrió en otro navegador
other-browser-text = Por su seguridad, solo continúa allí. Vuelva al navegador en el que la abrió primero. Si no fue usted, cierre esta página; quien le envió aquí puede darle un enlace propio.
not-opened-title = Continúe en el teléfono
not-opened-text = Un teléfono empezó esta verificación antes de que se abriera esta página. Esta página puede seguirla, y nada más. Continúe en el teléfono. Si ese teléfono no es suyo, avise a quien le envió aquí.
no-cookies-title = Este navegador no guarda cookies
no-cookies-text = Sin una cookie, esta verificación no puede vincularse a este navegador. Permita las cookies para este sitio y vuelva a cargar la página, o abra su enlace en otro navegador.
cross-site-title = Esto no ha venido de nuestra página
cross-site-text = Abra de nuevo su enlace y continúe desde ahí. No ha cambiado nada.
unavailable-title = Algo ha fallado
unavailable-text = Inténtelo de nuevo en un momento. No se ha perdido nada ni se ha compartido nada.
too-fast-title = Demasiadas solicitudes
too-fast-text = Espere un minuto e inténtelo de nuevo.

## On the phone, without the app

app-title = Continúe en la aplicación
app-heading = Continúe en la aplicación de su teléfono
app-warning = Siga solo si es usted quien acaba de empezar esta verificación. Si otra persona le envió este enlace, cierre esta página.
app-get-heading = ¿Todavía no tiene la aplicación?
app-unknown = Este servidor funciona en { $host }. Sus responsables no han indicado dónde conseguir la aplicación: pregúnteles a ellos o a quien le envió aquí.
app-then = Instálela y después vuelva a esta página, o escanee el código otra vez.
app-back = Volver a la verificación
app-no-link = Este enlace está incompleto o es demasiado antiguo. Escanee el código otra vez.
app-needs-script = Sin JavaScript esta página no puede abrir la aplicación. Actívelo y escanee el código otra vez.
type-title = Escriba su código
type-heading = Escriba el código que aparece en la otra pantalla
type-label = Código de ocho letras
type-go = Continuar
type-wrong = Este código no se conoce. Puede que ya no valga o que haya una letra equivocada: compárelo con la otra pantalla.
type-warning = Escriba solo un código que vea en su propia pantalla. Si alguien le dijo o le envió un código, cierre esta página.

## What this host is

home-title = Qué es este servidor
home-heading = Este servidor verifica pasaportes
home-text = Empresas y organismos envían aquí a las personas para que demuestren su identidad con el chip de su pasaporte. Funciona en { $host } con Kayle, que cualquiera puede leer y usar.
home-sent = Si alguien le envió aquí, abra el enlace que le dio. Aquí no hay nada que empezar.
home-code = Tengo un código para escribir
home-data = Qué hace este servidor con los datos
home-developers = Para desarrolladores
home-source = Código fuente y documentación
data-title = Qué hace este servidor con los datos
data-chip = El teléfono lee el chip y lo envía a este servidor por una conexión cifrada. El servidor lo comprueba en la memoria y lo borra cuando termina la comprobación. Lo que usted no comparte nunca se escribe aquí en un disco.
data-waiting = Lo que usted comparte espera aquí hasta que lo recogen, unas 28 horas como máximo. Se cifra para quien lo recibe antes de escribirse: este servidor ya no puede leerlo.
data-stored = Lo que se guarda de una verificación: quién la pidió, qué datos y por qué, cuándo empezó, cuándo y cómo terminó, por qué falló un intento, cómo se comprobó el chip, qué versión de la aplicación se usó, que usted aceptó, cuándo y en qué idioma, y huellas cifradas (hashes con clave) que vinculan a ella su navegador, la red de este y su teléfono. Hasta el final, también qué tipo de navegador y de sistema usa y, si quien administra el servidor lo averigua, dónde está aproximadamente. Lo que vincula su navegador se borra poco después del final.
data-cookie = Una cookie vincula este navegador a la verificación que usted abrió, para que nadie más pueda usar su enlace. No sirve para seguirle, y desaparece cuando se cierra el navegador.
data-others = Nada en estas páginas viene de terceros. Lo que usted elige compartir va a quien lo pidió, cifrado de modo que solo él puede leerlo. También sabrá cómo fue cada comprobación y cuán seguro está de ella el servidor, y recibe un código con el que reconoce el documento.

## What is asked for

claim-document-type-code = Tipo de documento
claim-issuing-country-code = País que expidió el documento
claim-family-name = Apellidos
claim-given-names = Nombre
claim-document-number = Número del documento
claim-nationality-code = Nacionalidad
claim-date-of-birth = Fecha de nacimiento
claim-sex-marker = Sexo que figura en el documento
claim-document-expiry-date = Fecha de caducidad del documento
claim-mrz-optional-data = Datos adicionales del país que lo expidió
claim-document-photo = Foto del chip
claim-kayle-document-id = Un código con el que { $organization } reconoce este documento
claim-kayle-human-id = Código personal (siempre vacío)
claim-age-over = Si usted tiene al menos { $years } años
