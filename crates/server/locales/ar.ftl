# See en.ftl for what each message is, and docs/TRANSLATING.md for how to change one.

## Every page

language-name = العربية
skip-to-content = الانتقال إلى المحتوى
choose-language = اللغة
change-language = تغيير
about-this-page = ما هذه الصفحة؟
page-by = التحقق بواسطة Kayle على { $host }

## Who asks, for what, and the consent

consent-title = تطلب منك جهة { $organization } إثبات هويتك
consent-heading = تطلب منك جهة { $organization } إثبات هويتك
verified-domain = تم التأكد من ملكية { $domain }
unverified-domain = لم نتأكد ممّن يقف وراء هذا الاسم. لا تتابع إلا إذا كانت جهة { $organization } قد أرسلتك إلى هنا للتو.
returns-to = بعد ذلك تعود إلى { $domain }.
how-heading = كيف يتم ذلك
how-phone = تضع جواز سفرك على هاتف، فيقرأ الهاتف الشريحة الموجودة في الجواز.
how-check = يتأكد هذا الخادم من أن الشريحة أصلية.
how-choose = على الهاتف ترى كل شيء مرة أخرى وتختار ما تشاركه. ولا تتم مشاركة أي شيء قبل ذلك.
how-time = يستغرق ذلك نحو دقيقتين. تحتاج إلى جواز سفرك وإلى هاتف يستطيع قراءته.
fields-heading = ما تطلبه جهة { $organization }
field-required = مطلوب
field-optional = اختياري: القرار لك على الهاتف
field-reason = السبب: { $reason }
field-by-server = جزء من كل عملية تحقق
data-heading = ماذا يحدث لبياناتك
data-kept = تُفحص وثيقتك في الذاكرة ثم تُمحى. لا يحتفظ هذا الخادم منها بأي شيء لا تشاركه.
data-sent = ما تشاركه يصل إلى جهة { $organization } وحدها، مشفّرًا: لا يستطيع هذا الخادم قراءته وهو ينتظر استلامه. وتعرف جهة { $organization } أيضًا كيف جرى الفحص.
data-theirs = ما تفعله جهة { $organization } بعد ذلك بهذه البيانات يرجع إليها.
data-recorded = نسجّل أنك وافقت، ومتى، وبأي لغة.
terms-of = شروط { $organization }
privacy-of = إشعار الخصوصية لدى { $organization }
about-data = المزيد عمّا يفعله هذا الخادم بالبيانات
consent-agree = أوافق وأتابع
consent-decline = أرفض
consent-decline-note = إذا رفضت فلن تتم مشاركة أي شيء، وسيتم إبلاغ جهة { $organization } بذلك.

## The way to the phone

offer-title = المتابعة على هاتفك
offer-heading = تابع على هاتفك
scan-heading = امسح هذا الرمز بهاتفك
scan-how = افتح الكاميرا في هاتفك ووجّهها إلى الرمز، ثم المس ما يظهر على الشاشة.
qr-label = رمز QR يفتح عملية التحقق هذه على هاتفك
qr-waiting = جارٍ إحضار الرمز…
qr-renewed = يوجد الآن رمز جديد.
qr-failed = لم نتمكن من إحضار رمز. تأكد من اتصالك بالإنترنت.
qr-again = إعادة المحاولة
code-time = يتجدد هذا الرمز تلقائيًا خلال { $time }.
keep-open = أبقِ هذه الصفحة مفتوحة. سيظهر فيها رقم يسألك عنه هاتفك.
copy-link = نسخ الرابط
copied = تم النسخ. افتح الرابط على هاتفك أنت، ولا ترسله إلى أحد.
copy-failed = لا يسمح هذا المتصفح بالنسخ. انسخ الرابط من الحقل أو امسح الرمز.
link-label = رابط لهاتفك
cannot-scan = لا أستطيع مسح الرمز
cannot-scan-link = انسخ الرابط وافتحه على هاتفك، مثلًا من رسالة ترسلها إلى نفسك.
cannot-scan-type = يمكنك أيضًا كتابة رمز: افتح هذا العنوان في متصفح هاتفك واكتب الرمز هناك.
show-user-code = إظهار رمز للكتابة
user-code-label = رمز للكتابة
user-code-time = صالح لمدة { $time } أخرى.
open-heading = افتح التطبيق على هذا الهاتف
open-how = يقرأ التطبيق شريحة جواز سفرك.
open-app = فتح التطبيق
open-nothing = لم يحدث شيء؟
open-nothing-text = ربما لا يوجد التطبيق على هذا الهاتف.
open-scheme = فتحه بطريقة أخرى
get-app-ios = الحصول على التطبيق لأجهزة iPhone
get-app-android = الحصول على التطبيق لأجهزة Android
use-other-phone = استخدام هاتف آخر
device-heading = أي جهاز سيقرأ جواز سفرك؟
device-text = تُقرأ الشريحة بوضع الجواز على الجهاز، ومعظم الأجهزة اللوحية لا تستطيع ذلك.
device-this = هذا الجهاز
device-other = هاتف آخر

## While the phone is at work

connected-title = هاتفك متصل
connected-heading = هاتفك متصل
connected-text = تابع على هاتفك. تتحدّث هذه الصفحة تلقائيًا.
match-title = قارن الرقم
match-heading = اختر هذا الرقم على هاتفك
match-text = إذا كان الهاتف لك فالمس هذا الرقم عليه، وإلا فلا تخبر به أحدًا.
match-network-same = الهاتف على الشبكة نفسها التي عليها هذه الصفحة.
match-network-different = الهاتف ليس على الشبكة نفسها التي عليها هذه الصفحة، لأنه مثلًا يستخدم بيانات الهاتف المحمول. إذا لم يكن هاتفك فلا تخبر أحدًا بالرقم، وألغِ العملية.
reading-title = قراءة الوثيقة
reading-heading = هاتفك يقرأ الوثيقة
reading-text = ثبّت الهاتف على جواز السفر دون تحريك. إذا توقفت القراءة فضعه عليه مرة أخرى.
reading-mrz-text = يقرأ الهاتف السطرين الموجودين أسفل صفحة الصورة.
reading-progress = تمت قراءة { $percent } بالمئة
checking-title = جارٍ الفحص
checking-heading = نفحص الوثيقة
checking-text = يستغرق ذلك بضع ثوانٍ.
selfie-title = التقط صورة لنفسك
selfie-heading = التقط صورة لنفسك بالهاتف
selfie-text = يلتقط الهاتف صورًا لك ويرسلها إلى هذا الخادم. لا يحتفظ الخادم بها، وفي هذا الإصدار لا يقارنها أحد بشيء.
share-title = اختر ما تشاركه
share-heading = اختر على الهاتف ما تشاركه
share-text = الوثيقة أصلية. لم تتم مشاركة أي شيء بعد.
step-connect = اتصال الهاتف
step-read = قراءة الوثيقة
step-check = فحص الوثيقة
step-photo = التقاط الصور
step-share = اختيارك لما تشاركه
step-done = تم
step-now = الآن
step-next = لاحقًا
steps-label = مراحل التقدم
live-lost = لا يوجد اتصال. نعيد المحاولة تلقائيًا، وما يجري على هاتفك مستمر.
live-back = عاد الاتصال.
refresh-note = تبحث هذه الصفحة عن الجديد مرتين في الدقيقة.
refresh-now = البحث الآن

## When the first phone has come, no other can

claimed-title = المتابعة على الهاتف الذي بدأ
claimed-heading = تابع على الهاتف الذي بدأت به
claimed-text = حفاظًا على سلامتك لا يمكن الإكمال إلا على ذلك الهاتف. لن يُعطى رمز جديد.
phone-gone-heading = فقدت الهاتف أو لا يعمل؟
phone-gone-text = ألغِ العملية هنا، واطلب من جهة { $organization } عملية تحقق جديدة.
retry-title = حاول مرة أخرى على هاتفك
retry-heading = لم ينجح ذلك. حاول مرة أخرى بالهاتف نفسه.
retry-left = { $remaining ->
    [zero] لم تبقَ لديك أي محاولة.
    [one] يمكنك المحاولة مرة واحدة أخرى.
    [two] يمكنك المحاولة مرتين أخريين.
    [few] يمكنك المحاولة { $remaining } مرات أخرى.
    [many] يمكنك المحاولة { $remaining } مرة أخرى.
   *[other] يمكنك المحاولة { $remaining } مرة أخرى.
}

## Why a check failed, and what to try

failed-title = لم يتم التحقق
failed-heading = لم نتمكن من التحقق من هويتك
failed-next-time = للمرة القادمة: { $advice }
failure-passport-authenticity-failed = لم نتمكن من إثبات أن الوثيقة أصلية.
failure-passport-authenticity-failed-try = حاول قراءتها مرة أخرى: انزع الغلاف وثبّت الهاتف دون تحريك. بعض الدول غير معروفة لهذا الخادم.
failure-passport-active-authentication-failed = لم تثبت الشريحة أنها الأصل.
failure-passport-active-authentication-failed-try = ثبّت الهاتف على جواز السفر حتى النهاية.
failure-passport-chip-authentication-failed = لم تثبت الشريحة أنها الأصل.
failure-passport-chip-authentication-failed-try = ثبّت الهاتف على جواز السفر حتى النهاية.
failure-passport-chip-proof-missing = تطلب جهة { $organization } إثباتًا بأن الشريحة ليست نسخة، ولا يمكن لهذه الوثيقة أو لهذا الهاتف تقديمه.
failure-passport-chip-proof-missing-try = جرّب وثيقة أخرى.
failure-passport-revocation-unknown = تطلب جهة { $organization } قائمة الشهادات الملغاة للدولة التي أصدرت الوثيقة، وهي غير متوفرة لدينا.
failure-passport-revocation-unknown-try = جرّب وثيقة أخرى.
failure-document-expired = انتهت صلاحية الوثيقة.
failure-document-expired-try = استخدم وثيقة لا تزال صالحة.
failure-document-data-invalid = تعذّرت قراءة البيانات الموجودة في الشريحة.
failure-document-data-invalid-try = ثبّت الهاتف دون تحريك، أو جرّب وثيقة أخرى.
failure-match-code-wrong = تم على الهاتف اختيار رقم غير الرقم المعروض هنا. حفاظًا على سلامتك أُنهيت عملية التحقق ولم تتم مشاركة أي شيء.
no-attempts-left = لم تبقَ أي محاولات، ولم تتم مشاركة أي شيء. يمكن لجهة { $organization } أن ترسلك إلى هنا مرة أخرى.

## The other ends

success-title = تم
success-heading = تم. تأكدت هويتك.
success-text = تتلقى جهة { $organization } ما اخترت مشاركته، وتعرف كيف جرى الفحص.
cancelled-title = أُلغيت
cancelled-heading = أُلغيت عملية التحقق هذه
cancelled-by-person = أنت من ألغاها. لم تتم مشاركة أي شيء.
cancelled-by-organization = ألغتها جهة { $organization }. لم تتم مشاركة أي شيء.
declined-title = تم الرفض
declined-heading = لقد رفضت
declined-text = لم تتم مشاركة أي شيء، وتم إبلاغ جهة { $organization } بذلك. إذا كان ذلك خطأً فعُد إلى { $organization } وابدأ من جديد.
not-me-title = أُنهيت حفاظًا على السلامة
not-me-heading = أُنهيت: «لم أكن أنا»
not-me-text = أفاد من بيده الهاتف بأنه لم يفتح هذه الصفحة. لم تتم مشاركة أي شيء. إذا كنت أنت ذلك الشخص فربما حاول أحدهم استخدام جواز سفرك لنفسه: أبلغ جهة { $organization }.
expired-title = انتهى الوقت
expired-heading = انتهى وقت عملية التحقق هذه
expired-text = لم تتم مشاركة أي شيء. يمكن لجهة { $organization } أن ترسلك إلى هنا مرة أخرى.
start-again = للبدء من جديد عُد إلى { $organization }.
close-page = يمكنك إغلاق هذه الصفحة.
return-heading = العودة إلى { $organization }
return-now = المتابعة إلى { $organization }
return-in = { $seconds ->
    [zero] ستعود الآن.
    [one] ستعود خلال ثانية واحدة.
    [two] ستعود خلال ثانيتين.
    [few] ستعود خلال { $seconds } ثوانٍ.
    [many] ستعود خلال { $seconds } ثانية.
   *[other] ستعود خلال { $seconds } ثانية.
}
return-stop = البقاء هنا
return-stopped = ستبقى هنا. تابع متى شئت.
returned-already = تمت إعادتك مرة من قبل. إذا لم ينجح ذلك فافتح { $organization } بنفسك.

## Cancelling and time

cancel = إلغاء عملية التحقق هذه
cancel-ask = هل تريد الإلغاء؟ لن تتم مشاركة أي شيء.
cancel-yes = نعم، إلغاء
time-left = { $minutes ->
    [zero] تنتهي عملية التحقق هذه خلال أقل من دقيقة.
    [one] تنتهي عملية التحقق هذه خلال دقيقة واحدة تقريبًا.
    [two] تنتهي عملية التحقق هذه خلال دقيقتين تقريبًا.
    [few] تنتهي عملية التحقق هذه خلال { $minutes } دقائق تقريبًا.
    [many] تنتهي عملية التحقق هذه خلال { $minutes } دقيقة تقريبًا.
   *[other] تنتهي عملية التحقق هذه خلال { $minutes } دقيقة تقريبًا.
}
time-extend = أحتاج إلى وقت أكثر
time-extended = لديك الآن وقت أكثر.

## Pages of a sentence

invalid-link-title = هذا الرابط لا يعمل
invalid-link-text = ربما لم يُنسخ كاملًا. عُد إلى الجهة التي أرسلتك وابدأ من جديد.
other-browser-title = فُتحت عملية التحقق هذه في متصفح آخر
other-browser-text = حفاظًا على سلامتك لا تستمر إلا هناك. عُد إلى المتصفح الذي فتحتها فيه أولًا. إذا لم تكن أنت من فتحها فأغلق هذه الصفحة؛ ويمكن للجهة التي أرسلتك أن تعطيك رابطًا خاصًا بك.
not-opened-title = تابع على الهاتف
not-opened-text = بدأ هاتف عملية التحقق هذه قبل فتح هذه الصفحة. يمكن لهذه الصفحة أن تعرض سيرها فقط. تابع على الهاتف. إذا لم يكن ذلك الهاتف هاتفك فأبلغ الجهة التي أرسلتك.
no-cookies-title = لا يحفظ هذا المتصفح ملفات تعريف الارتباط
no-cookies-text = لا يمكن ربط عملية التحقق هذه بهذا المتصفح من دون ملف تعريف ارتباط (كوكي). اسمح بملفات تعريف الارتباط لهذا الموقع وأعد تحميل الصفحة، أو افتح رابطك في متصفح آخر.
cross-site-title = هذا الطلب لم يأتِ من صفحتنا
cross-site-text = افتح رابطك مرة أخرى وتابع من هناك. لم يتغير شيء.
unavailable-title = حدث خطأ ما
unavailable-text = يُرجى المحاولة مرة أخرى بعد لحظات. لم يُفقد شيء، ولم تتم مشاركة أي شيء.
too-fast-title = طلبات كثيرة جدًا
too-fast-text = يُرجى الانتظار دقيقة ثم المحاولة مرة أخرى.

## On the phone, without the app

app-title = المتابعة في التطبيق
app-heading = تابع في التطبيق على هاتفك
app-warning = لا تتابع إلا إذا كنت قد بدأت عملية التحقق هذه بنفسك قبل قليل. إذا أرسل إليك شخص آخر هذا الرابط فأغلق هذه الصفحة.
app-get-heading = ليس لديك التطبيق بعد؟
app-unknown = يعمل هذا الخادم على العنوان { $host }. لم يذكر القائمون عليه من أين يمكن الحصول على التطبيق: اسألهم، أو اسأل الجهة التي أرسلتك.
app-then = ثبّت التطبيق ثم عُد إلى هذه الصفحة، أو امسح الرمز مرة أخرى.
app-back = العودة إلى عملية التحقق
app-no-link = هذا الرابط ناقص أو قديم جدًا. امسح الرمز مرة أخرى.
app-needs-script = لا تستطيع هذه الصفحة فتح التطبيق من دون جافا سكريبت. شغّلها وامسح الرمز مرة أخرى.
type-title = كتابة الرمز
type-heading = اكتب الرمز الذي تعرضه الشاشة الأخرى
type-label = رمز من ثمانية أحرف
type-go = متابعة
type-wrong = هذا الرمز غير معروف. ربما انتهت صلاحيته أو كُتب بشكل خاطئ: قارنه بالشاشة الأخرى.
type-warning = لا تكتب إلا رمزًا تراه على شاشتك أنت. إذا أخبرك أحد برمز أو أرسله إليك فأغلق هذه الصفحة.

## What this host is

home-title = ما هذا الخادم
home-heading = هذا الخادم يتحقق من جوازات السفر
home-text = ترسل الشركات والجهات الناس إلى هنا ليثبتوا هويتهم بشريحة جواز سفرهم. يعمل على العنوان { $host } ببرنامج Kayle الذي يمكن لأي شخص قراءته وتشغيله.
home-sent = إذا أرسلتك جهة ما إلى هنا فافتح الرابط الذي أعطتك إياه. لا يوجد هنا ما تبدأ به.
home-code = لديّ رمز لكتابته
home-data = ما يفعله هذا الخادم بالبيانات
home-developers = للمطوّرين
home-source = الشفرة المصدرية والتوثيق
data-title = ما يفعله هذا الخادم بالبيانات
data-chip = يقرأ الهاتف الشريحة ويرسل بياناتها إلى هذا الخادم عبر اتصال مشفّر. يفحصها الخادم في الذاكرة ويمحوها عند انتهاء الفحص. ما لا تشاركه لا يُكتب هنا على أي قرص أبدًا.
data-waiting = ما تشاركه ينتظر هنا حتى تستلمه الجهة التي طلبته، نحو 28 ساعة على الأكثر. يُشفَّر لها قبل أن يُكتب: ولا يستطيع هذا الخادم قراءته بعد ذلك.
data-stored = ما يُحفظ عن عملية التحقق: من طلبها، وأي بيانات ولماذا، ومتى بدأت ومتى انتهت وكيف، ولماذا لم تنجح محاولة، وكيف فُحصت الشريحة، وأي إصدار من التطبيق استُخدم، وأنك وافقت ومتى وبأي لغة، وبصمات مشفّرة (قيم تجزئة بمفتاح) تربط بها متصفحك وشبكته وهاتفك. وحتى انتهائها أيضًا نوع متصفحك ونظامك، ومكانك على وجه التقريب إذا كان مشغّل الخادم يحدّده. ويُمحى ما يربط بها متصفحك بعد انتهائها بقليل.
data-cookie = يربط ملف تعريف ارتباط واحد هذا المتصفح بعملية التحقق التي فتحتها، حتى لا يستطيع أحد غيرك استخدام رابطك. لا يُستخدم لتتبعك، ويختفي عند إغلاق المتصفح.
data-others = لا يأتي أي شيء في هذه الصفحات من أطراف أخرى. ما تختار مشاركته يذهب إلى الجهة التي طلبته، مشفّرًا بحيث لا يستطيع أحد غيرها قراءته. وتعرف تلك الجهة أيضًا كيف جرى كل فحص ومدى ثقة الخادم به، وتتلقى رمزًا تتعرف به على الوثيقة مرة أخرى.

## What is asked for

claim-document-type-code = نوع الوثيقة
claim-issuing-country-code = الدولة التي أصدرت الوثيقة
claim-family-name = اسم العائلة
claim-given-names = الأسماء الشخصية
claim-document-number = رقم الوثيقة
claim-nationality-code = الجنسية
claim-date-of-birth = تاريخ الميلاد
claim-sex-marker = الجنس كما في الوثيقة
claim-document-expiry-date = تاريخ انتهاء صلاحية الوثيقة
claim-mrz-optional-data = بيانات إضافية من الدولة المُصدِرة
claim-document-photo = الصورة الموجودة في الشريحة
claim-kayle-document-id = رمز تتعرف به جهة { $organization } على هذه الوثيقة
claim-kayle-human-id = رمز شخصي (فارغ دائمًا)
claim-age-over = { $years ->
    [zero] بلوغك { $years } سنة على الأقل
    [one] بلوغك سنة واحدة على الأقل
    [two] بلوغك سنتين على الأقل
    [few] بلوغك { $years } سنوات على الأقل
    [many] بلوغك { $years } سنة على الأقل
   *[other] بلوغك { $years } سنة على الأقل
}
