# See en.ftl for what each message is, and docs/TRANSLATING.md for how to change one.

## Every page

language-name = Português
skip-to-content = Ir para o conteúdo
choose-language = Idioma
change-language = Mudar
about-this-page = O que é esta página?
page-by = Verificação por Kayle em { $host }

## Who asks, for what, and the consent

consent-title = { $organization } pede que comprove a sua identidade
consent-heading = { $organization } pede que comprove a sua identidade
verified-domain = Titular confirmado de { $domain }
unverified-domain = Este servidor não confirmou quem está por trás deste nome. Continue apenas se { $organization } acabou de lhe dar este link.
returns-to = No fim, volta para { $domain }.
how-heading = Como funciona
how-phone = Encoste o seu passaporte a um telefone. O telefone lê o chip que está no passaporte.
how-check = Este servidor confirma que o chip é autêntico.
how-choose = No telefone, vê tudo outra vez e escolhe o que quer compartilhar. Antes disso, nada é compartilhado.
how-time = Demora cerca de dois minutos. Precisa do seu passaporte e de um telefone que consiga lê-lo.
fields-heading = O que { $organization } pede
field-required = Obrigatório
field-optional = Opcional: a decisão é sua, no telefone
field-reason = Motivo: { $reason }
field-by-server = Faz parte de todas as verificações
data-heading = O que acontece com os seus dados
data-kept = O seu documento é verificado na memória e depois apagado. Este servidor não guarda dele nada que não seja compartilhado.
data-sent = O que decidir compartilhar vai só para { $organization }, e cifrado: este servidor não o consegue ler enquanto espera ser recolhido. { $organization } também fica a saber como correu a verificação.
data-theirs = O que { $organization } faz depois com os dados não depende de nós.
data-recorded = Anotamos que concordou, quando, e em que idioma.
terms-of = Termos de { $organization }
privacy-of = Aviso de privacidade de { $organization }
about-data = Mais sobre o que este servidor faz com os dados
consent-agree = Concordar e continuar
consent-decline = Recusar
consent-decline-note = Se recusar, nada é compartilhado, e { $organization } recebe essa informação.

## The way to the phone

offer-title = Continue no seu telefone
offer-heading = Continue no seu telefone
scan-heading = Leia este código com o seu telefone
scan-how = Abra a câmera do seu telefone e aponte para o código. Depois toque no que aparecer.
qr-label = Código QR que abre esta verificação no seu telefone
qr-waiting = Aguarde o código…
qr-renewed = Há agora um código novo.
qr-failed = Não foi possível obter um código. Verifique a sua conexão à internet.
qr-again = Tentar de novo
code-time = Este código é renovado sozinho, em { $time }.
keep-open = Deixe esta página aberta. Ela vai mostrar um número que o seu telefone pede.
copy-link = Copiar o link
copied = Copiado. Abra o link no seu próprio telefone e não o envie a ninguém.
copy-failed = Este navegador não permite copiar. Copie o link do campo ou leia o código com a câmera.
link-label = Link para o seu telefone
cannot-scan = Não consigo ler o código
cannot-scan-link = Copie o link e abra-o no seu telefone, por exemplo a partir de uma mensagem enviada para si.
cannot-scan-type = Também pode escrever um código: abra este endereço no navegador do seu telefone e escreva lá o código.
show-user-code = Mostrar um código para escrever
user-code-label = Código para escrever
user-code-time = Válido por mais { $time }.
open-heading = Abra a aplicação neste telefone
open-how = A aplicação lê o chip do seu passaporte.
open-app = Abrir a aplicação
open-nothing = Não aconteceu nada?
open-nothing-text = Talvez a aplicação não esteja neste telefone.
open-scheme = Abrir de outra forma
get-app-ios = Obter a aplicação para iPhone
get-app-android = Obter a aplicação para Android
use-other-phone = Usar outro telefone
device-heading = Que aparelho vai ler o seu passaporte?
device-text = Para ler o chip, encosta-se o passaporte ao aparelho. A maioria dos tablets não consegue fazer isso.
device-this = Este aparelho
device-other = Outro telefone

## While the phone is at work

connected-title = O seu telefone está conectado
connected-heading = O seu telefone está conectado
connected-text = Continue no seu telefone. Esta página avança sozinha.
match-title = Compare o número
match-heading = Escolha este número no seu telefone
match-text = Se o telefone é seu, toque lá neste número. Se não é, não diga o número a ninguém.
match-network-same = O telefone está na mesma rede que esta página.
match-network-different = O telefone não está na mesma rede que esta página, por exemplo porque usa dados móveis. Se não é seu, não diga o número a ninguém e cancele.
reading-title = Leitura do documento
reading-heading = O seu telefone lê o documento
reading-text = Mantenha o telefone parado sobre o passaporte. Se a leitura parar, encoste-o de novo.
reading-mrz-text = O telefone lê as duas linhas na parte de baixo da página com a fotografia.
reading-progress = { $percent }% lido
checking-title = Verificação do documento
checking-heading = O documento está em verificação
checking-text = Demora alguns segundos.
selfie-title = Tire uma fotografia do seu rosto
selfie-heading = Tire uma fotografia do seu rosto com o telefone
selfie-text = O telefone tira fotografias suas e envia-as a este servidor. O servidor não as guarda e, nesta versão, ninguém as compara.
share-title = Escolha o que quer compartilhar
share-heading = Escolha no telefone o que quer compartilhar
share-text = O documento é autêntico. Ainda nada foi compartilhado.
step-connect = Telefone conectado
step-read = Documento lido
step-check = Documento verificado
step-photo = Fotografias tiradas
step-share = Escolha do que quer compartilhar
step-done = feito
step-now = agora
step-next = a seguir
steps-label = Progresso
live-lost = Sem conexão. Vamos tentar de novo automaticamente; o que acontece no seu telefone continua.
live-back = Conexão restabelecida.
refresh-note = Esta página procura novidades duas vezes por minuto.
refresh-now = Ver agora

## When the first phone has come, no other can

claimed-title = Continue no telefone em que começou
claimed-heading = Continue no telefone em que começou
claimed-text = Para sua segurança, só esse telefone pode terminar. Não é dado nenhum código novo.
phone-gone-heading = Já não tem o telefone, ou ele não funciona?
phone-gone-text = Cancele aqui e peça a { $organization } uma nova verificação.
retry-title = Tente de novo no seu telefone
retry-heading = Não funcionou. Tente de novo com o mesmo telefone.
retry-left = { $remaining ->
    [one] Pode tentar mais { $remaining } vez.
   *[other] Pode tentar mais { $remaining } vezes.
}

## Why a check failed, and what to try

failed-title = Identidade não confirmada
failed-heading = Não foi possível confirmar a sua identidade
failed-next-time = Para a próxima vez: { $advice }
failure-passport-authenticity-failed = Não foi possível provar que o documento é autêntico.
failure-passport-authenticity-failed-try = Tente uma leitura melhor: tire a capa e mantenha o telefone parado. Este servidor não conhece todos os países.
failure-passport-active-authentication-failed = O chip não provou que é o original.
failure-passport-active-authentication-failed-try = Mantenha o telefone parado sobre o passaporte até terminar.
failure-passport-chip-authentication-failed = O chip não provou que é o original.
failure-passport-chip-authentication-failed-try = Mantenha o telefone parado sobre o passaporte até terminar.
failure-passport-chip-proof-missing = { $organization } pede uma prova de que o chip não é uma cópia, e este documento ou este telefone não consegue dá-la.
failure-passport-chip-proof-missing-try = Tente com outro documento.
failure-passport-revocation-unknown = { $organization } pede uma lista de revogação do país que emitiu o documento, e não temos nenhuma.
failure-passport-revocation-unknown-try = Tente com outro documento.
failure-document-expired = O documento está fora da validade.
failure-document-expired-try = Use um que ainda seja válido.
failure-document-data-invalid = Não foi possível ler os dados do chip.
failure-document-data-invalid-try = Mantenha o telefone parado, ou tente com outro documento.
failure-match-code-wrong = No telefone foi escolhido um número diferente do que aparece aqui. Para sua segurança, a verificação foi encerrada e nada foi compartilhado.
no-attempts-left = Não restam mais tentativas, e nada foi compartilhado. { $organization } pode dar-lhe um novo link.

## The other ends

success-title = Pronto
success-heading = Pronto. A sua identidade está confirmada.
success-text = { $organization } recebe o que escolheu compartilhar, e fica a saber como correu a verificação.
cancelled-title = Cancelada
cancelled-heading = Esta verificação foi cancelada
cancelled-by-person = Foi cancelada por si. Nada foi compartilhado.
cancelled-by-organization = Foi cancelada por { $organization }. Nada foi compartilhado.
declined-title = Recusada
declined-heading = Verificação recusada
declined-text = Nada foi compartilhado, e { $organization } já sabe da recusa. Se foi engano, volte a { $organization } e comece de novo.
not-me-title = Encerrada por segurança
not-me-heading = Encerrada: «Não fui eu»
not-me-text = Quem tem o telefone disse que não abriu esta página. Nada foi compartilhado. Se foi o seu caso, talvez alguém tenha tentado usar o seu passaporte em proveito próprio: avise { $organization }.
expired-title = O tempo acabou
expired-heading = O tempo para esta verificação acabou
expired-text = Nada foi compartilhado. { $organization } pode dar-lhe um novo link.
start-again = Para começar de novo, volte a { $organization }.
close-page = Pode fechar esta página.
return-heading = Voltar a { $organization }
return-now = Continuar para { $organization }
return-in = { $seconds ->
    [one] Volta em { $seconds } segundo.
   *[other] Volta em { $seconds } segundos.
}
return-stop = Ficar aqui
return-stopped = Vai ficar aqui. Continue quando quiser.
returned-already = Já houve um retorno automático. Se não funcionou, abra { $organization } diretamente.

## Cancelling and time

cancel = Cancelar esta verificação
cancel-ask = Quer cancelar? Nada será compartilhado.
cancel-yes = Sim, cancelar
time-left = { $minutes ->
    [one] Esta verificação termina em cerca de { $minutes } minuto.
   *[other] Esta verificação termina em cerca de { $minutes } minutos.
}
time-extend = Preciso de mais tempo
time-extended = Agora tem mais tempo.

## Pages of a sentence

invalid-link-title = Este link não funciona
invalid-link-text = Talvez não tenha sido copiado por inteiro. Volte ao site de onde veio e comece de novo.
other-browser-title = Esta verificação foi aberta em outro navegador
other-browser-text = Para sua segurança, só continua lá. Volte ao navegador onde a abriu primeiro. Se não foi o seu caso, feche esta página; quem lhe deu o link pode dar-lhe outro, só seu.
not-opened-title = Continue no telefone
not-opened-text = Um telefone começou esta verificação antes de esta página ser aberta. Esta página pode acompanhá-la, e nada mais. Continue no telefone. Se esse telefone não é seu, avise quem lhe deu o link.
no-cookies-title = Este navegador não guarda cookies
no-cookies-text = Sem um cookie, esta verificação não pode ficar ligada a este navegador. Permita os cookies para este site e recarregue a página, ou abra o seu link em outro navegador.
cross-site-title = Isto não veio da nossa página
cross-site-text = Abra o seu link de novo e continue a partir daí. Nada mudou.
unavailable-title = Ocorreu um erro
unavailable-text = Tente de novo dentro de momentos. Nada se perdeu, e nada foi compartilhado.
too-fast-title = Pedidos em excesso
too-fast-text = Espere um minuto e tente de novo.

## On the phone, without the app

app-title = Continue na aplicação
app-heading = Continue na aplicação do seu telefone
app-warning = Continue apenas se acabou de começar esta verificação. Se outra pessoa lhe enviou este link, feche esta página.
app-get-heading = Ainda não tem a aplicação?
app-unknown = Este servidor funciona em { $host }. Não foi indicado aqui onde obter a aplicação: fale com os responsáveis pelo servidor, ou com quem lhe deu o link.
app-then = Instale a aplicação e depois volte a esta página, ou leia o código de novo.
app-back = Voltar à verificação
app-no-link = Este link está incompleto ou é muito antigo. Leia o código de novo.
app-needs-script = Sem JavaScript, esta página não consegue abrir a aplicação. Ative o JavaScript e leia o código de novo.
type-title = Escreva o seu código
type-heading = Escreva o código que aparece no outro aparelho
type-label = Código de oito letras
type-go = Continuar
type-wrong = Este código não é conhecido. Talvez já não seja válido, ou haja uma letra errada: compare-o com o do outro aparelho.
type-warning = Escreva apenas um código que vê no seu próprio aparelho. Se alguém lhe disse ou enviou um código, feche esta página.

## What this host is

home-title = O que é este servidor
home-heading = Este servidor verifica passaportes
home-text = Empresas e outras entidades enviam pessoas para aqui, para que comprovem a sua identidade com o chip do passaporte. Funciona em { $host } com Kayle, que qualquer pessoa pode ler e usar.
home-sent = Se veio a pedido de uma empresa, abra o link que ela lhe deu. Aqui não há nada para começar.
home-code = Tenho um código para escrever
home-data = O que este servidor faz com os dados
home-developers = Para programadores
home-source = Código-fonte e documentação
data-title = O que este servidor faz com os dados
data-chip = O telefone lê o chip e envia os dados a este servidor por uma conexão cifrada. O servidor verifica os dados na memória e apaga-os quando a verificação acaba. O que não compartilhar nunca é gravado aqui em disco.
data-waiting = O que compartilhar espera aqui até ser recolhido, cerca de 28 horas no máximo. É cifrado para quem o recebe antes de ser gravado: este servidor já não o consegue ler.
data-stored = O que fica guardado de uma verificação: quem a pediu, que dados e porquê, quando começou, quando e como acabou, porque falhou uma tentativa, como foi verificado o chip, que versão da aplicação foi usada, que concordou, quando e em que idioma, e resumos cifrados (hashes com chave) que a ligam ao seu navegador, à rede dele e ao seu telefone. Até ao fim, também que tipo de navegador e de sistema usa e, se quem gere o servidor o apurar, onde está aproximadamente. O que a liga ao seu navegador é apagado pouco depois do fim.
data-cookie = Um cookie liga este navegador à verificação que abriu, para que mais ninguém possa usar o seu link. Não serve para seguir os seus passos, e desaparece quando o navegador é fechado.
data-others = Nada nestas páginas vem de terceiros. O que escolher compartilhar vai para quem o pediu, cifrado de modo que só quem o pediu consegue ler. Quem o pediu também fica a saber como correu cada verificação e até que ponto o servidor tem certeza dela, e recebe um código com que reconhece o documento.

## What is asked for

claim-document-type-code = Tipo de documento
claim-issuing-country-code = País que emitiu o documento
claim-family-name = Nome de família
claim-given-names = Nomes próprios
claim-document-number = Número do documento
claim-nationality-code = Nacionalidade
claim-date-of-birth = Data de nascimento
claim-sex-marker = Sexo indicado no documento
claim-document-expiry-date = Data de validade do documento
claim-mrz-optional-data = Dados adicionais do país emissor
claim-document-photo = Fotografia no chip
claim-kayle-document-id = Um código com que { $organization } reconhece este documento
claim-kayle-human-id = Código pessoal (sempre vazio)
claim-age-over = Se tem pelo menos { $years } anos
