# What people read on our pages, in plain words: short sentences, no jargon, "you".
# Every other locale has the same messages with the same variables; the build fails if not.
# $organization is the business that asks, $host the name of this server.

## Every page

language-name = English
skip-to-content = Skip to the content
choose-language = Language
change-language = Change
about-this-page = What is this page?
page-by = Verification by Kayle on { $host }

## Who asks, for what, and the consent

consent-title = { $organization } asks you to verify yourself
consent-heading = { $organization } asks you to verify yourself
verified-domain = Verified owner of { $domain }
unverified-domain = We have not checked who is behind this name. Go on only if { $organization } sent you here just now.
returns-to = Afterwards you go back to { $domain }.
how-heading = How it works
how-phone = You hold your passport to a phone. The phone reads the chip in it.
how-check = This server checks that the chip is genuine.
how-choose = On the phone you see everything once more and choose what to share. Nothing is shared before.
how-time = It takes about two minutes. You need your passport and a phone that can read it.
fields-heading = What { $organization } asks for
field-required = Required
field-optional = Optional: you decide on the phone
field-reason = Why: { $reason }
field-by-server = Part of every verification
data-heading = What happens to your data
data-kept = Your document is checked in memory and then erased. This server keeps nothing of it that you do not share.
data-sent = What you share goes to { $organization } alone, encrypted: this server cannot read it while it waits to be taken. { $organization } also learns how the check went.
data-theirs = What { $organization } does with it is up to { $organization }.
data-recorded = We record that you agreed, when, and in which language.
terms-of = Terms of { $organization }
privacy-of = Privacy notice of { $organization }
about-data = More about what this server does with data
consent-agree = Agree and continue
consent-decline = Decline
consent-decline-note = If you decline, nothing is shared, and { $organization } is told so.

## The way to the phone

offer-title = Continue on your phone
offer-heading = Continue on your phone
scan-heading = Scan this code with your phone
scan-how = Open the camera of your phone and point it at the code. Then tap what appears.
qr-label = QR code that opens this verification on your phone
qr-waiting = Getting a code…
qr-renewed = There is a new code now.
qr-failed = We could not get a code. Check your internet connection.
qr-again = Try again
code-time = This code is renewed by itself, in { $time }.
keep-open = Keep this page open. It shows a number that your phone asks for.
copy-link = Copy link
copied = Copied. Open it on your own phone, and send it to nobody.
copy-failed = This browser does not let us copy. Copy the link from the field, or scan the code.
link-label = Link for your phone
cannot-scan = I cannot scan
cannot-scan-link = Copy the link and open it on your phone, for example from a note to yourself.
cannot-scan-type = You can type a code instead: open this address in the browser of your phone, and type the code there.
show-user-code = Show a code to type
user-code-label = Code to type
user-code-time = Good for { $time } more.
open-heading = Open the app on this phone
open-how = The app reads the chip of your passport.
open-app = Open the app
open-nothing = Nothing happened?
open-nothing-text = The app may not be on this phone.
open-scheme = Open it another way
get-app-ios = Get the app for iPhone
get-app-android = Get the app for Android
use-other-phone = Use another phone instead
device-heading = Which device will read your passport?
device-text = The chip is read by holding the passport to the device. Most tablets cannot do that.
device-this = This device
device-other = Another phone

## While the phone is at work

connected-title = Your phone is connected
connected-heading = Your phone is connected
connected-text = Continue on your phone. This page follows by itself.
match-title = Compare the number
match-heading = Choose this number on your phone
match-text = If the phone is yours, tap this number there. If not, do not tell it to anybody.
match-network-same = The phone is in the same network as this page.
match-network-different = The phone is not in the same network as this page, for example on mobile data. If it is not yours, tell nobody the number and cancel.
reading-title = Reading the document
reading-heading = Your phone reads the document
reading-text = Hold the phone still on the passport. If it stops, lay it on again.
reading-mrz-text = The phone reads the two lines at the bottom of the photo page.
reading-progress = { $percent } % read
checking-title = Checking
checking-heading = We check the document
checking-text = This takes a few seconds.
selfie-title = Take a photo of yourself
selfie-heading = Take a photo of yourself on the phone
selfie-text = The phone takes photos of you and sends them to this server. The server does not keep them, and in this version nobody compares them with anything.
share-title = Choose what to share
share-heading = Choose on the phone what to share
share-text = The document is genuine. Nothing has been shared yet.
step-connect = Phone connected
step-read = Document read
step-check = Document checked
step-photo = Photos taken
step-share = You choose what to share
step-done = done
step-now = now
step-next = next
steps-label = Progress
live-lost = No connection. We try again by ourselves; what happens on your phone goes on.
live-back = Connected again.
refresh-note = This page looks for news twice a minute.
refresh-now = Look now

## When the first phone has come, no other can

claimed-title = Continue on the phone that started
claimed-heading = Continue on the phone that started
claimed-text = For your safety only that phone can finish. No new code is given.
phone-gone-heading = The phone is gone or does not work?
phone-gone-text = Cancel here, and ask { $organization } for a new verification.
retry-title = Try again on your phone
retry-heading = That did not work. Try again on the same phone.
retry-left = { $remaining ->
    [one] You can try once more.
   *[other] You can try { $remaining } more times.
}

## Why a check failed, and what to try

failed-title = Not verified
failed-heading = We could not verify you
failed-next-time = For the next time: { $advice }
failure-passport-authenticity-failed = We could not prove that the document is genuine.
failure-passport-authenticity-failed-try = Try with a clean chip reading: take off the cover and hold the phone still. Some states are not known to this server.
failure-passport-active-authentication-failed = The chip did not prove that it is the original.
failure-passport-active-authentication-failed-try = Hold the phone still on the passport until it is done.
failure-passport-chip-authentication-failed = The chip did not prove that it is the original.
failure-passport-chip-authentication-failed-try = Hold the phone still on the passport until it is done.
failure-passport-chip-proof-missing = { $organization } asks for a proof that the chip is no copy, and this document or phone cannot give it.
failure-passport-chip-proof-missing-try = Try another document.
failure-passport-revocation-unknown = { $organization } asks for a revocation list of the state that issued the document, and there is none at hand.
failure-passport-revocation-unknown-try = Try another document.
failure-document-expired = The document has expired.
failure-document-expired-try = Use one that is still valid.
failure-document-data-invalid = The data in the chip could not be read.
failure-document-data-invalid-try = Hold the phone still, or try another document.
failure-match-code-wrong = On the phone another number was chosen than the one shown here. For your safety the verification was ended, and nothing was shared.
no-attempts-left = No tries are left, and nothing was shared. { $organization } can send you here again.

## The other ends

success-title = Done
success-heading = Done. You are verified.
success-text = { $organization } gets what you chose to share, and how the check went.
cancelled-title = Cancelled
cancelled-heading = This verification was cancelled
cancelled-by-person = You cancelled it. Nothing was shared.
cancelled-by-organization = { $organization } cancelled it. Nothing was shared.
declined-title = Declined
declined-heading = You declined
declined-text = Nothing was shared, and { $organization } was told so. If that was a mistake, go back to { $organization } and start again.
not-me-title = Ended for safety
not-me-heading = Ended: "This was not me"
not-me-text = Whoever holds the phone said that they did not open this page. Nothing was shared. If you are that person, somebody may have tried to use your passport for themselves: tell { $organization }.
expired-title = Time is up
expired-heading = The time for this verification is up
expired-text = Nothing was shared. { $organization } can send you here again.
start-again = To start again, go back to { $organization }.
close-page = You can close this page.
return-heading = Back to { $organization }
return-now = Continue to { $organization }
return-in = { $seconds ->
    [one] You are taken back in { $seconds } second.
   *[other] You are taken back in { $seconds } seconds.
}
return-stop = Stay here
return-stopped = You stay here. Go on when you are ready.
returned-already = You have already been taken back once. If that did not work, open { $organization } yourself.

## Cancelling and time

cancel = Cancel this verification
cancel-ask = Do you want to cancel? Nothing will be shared.
cancel-yes = Yes, cancel
time-left = { $minutes ->
    [one] This verification ends in about { $minutes } minute.
   *[other] This verification ends in about { $minutes } minutes.
}
time-extend = I need more time
time-extended = You have more time now.

## Pages of a sentence

invalid-link-title = This link does not work
invalid-link-text = It may have been copied incompletely. Go back to the business that sent you and start again.
other-browser-title = This verification was opened in another browser
other-browser-text = For your safety it goes on only there. Go back to the browser in which you opened it first. If that was not you, close this page; the business can give you a link of your own.
not-opened-title = Continue on the phone
not-opened-text = A phone took up this verification before this page was opened. This page can follow it, and do nothing else. Continue on the phone. If that phone is not yours, tell the business that sent you.
no-cookies-title = This browser keeps no cookies
no-cookies-text = Without one this verification cannot be tied to this browser. Allow cookies for this site and load the page again, or open your link in another browser.
cross-site-title = This did not come from our page
cross-site-text = Open your link again and go on from there. Nothing has changed.
unavailable-title = Something went wrong
unavailable-text = Please try again in a moment. Nothing was lost, and nothing was shared.
too-fast-title = Too many requests
too-fast-text = Please wait a minute, then try again.

## On the phone, without the app

app-title = Continue in the app
app-heading = Continue in the app on your phone
app-warning = Go on only if you have just started this verification yourself. If somebody else sent you this link, close this page.
app-get-heading = You do not have the app yet?
app-unknown = This server is run at { $host }. Those who run it have not said where to get the app: ask them, or the business that sent you.
app-then = Install it, then come back to this page, or scan the code again.
app-back = Back to the verification
app-no-link = This link is incomplete or too old. Scan the code again.
app-needs-script = Without JavaScript this page cannot pass you on. Turn it on and scan the code again.
type-title = Type your code
type-heading = Type the code that the other screen shows
type-label = Code of eight letters
type-go = Continue
type-wrong = This code is not known. It may have run out, or there is a slip in it: compare it with the other screen.
type-warning = Type only a code that you see on your own screen. If somebody told you a code or sent it to you, close this page.

## What this host is

home-title = What this server is
home-heading = This server verifies passports
home-text = Businesses send people here to prove who they are with the chip of their passport. It is run at { $host } with Kayle, which anybody can read and run.
home-sent = If a business sent you, open the link that it gave you. There is nothing to start here.
home-code = I have a code to type
home-data = What this server does with data
home-developers = For developers
home-source = Source code and documentation
data-title = What this server does with data
data-chip = The chip is read by the phone and sent to this server over an encrypted connection. The server checks it in memory and erases it when the check is over. What you do not share is never written to a disk here.
data-waiting = What you share waits here until the business has taken it, for about 28 hours at most. It is encrypted for the business before it is written: this server cannot read it any more.
data-stored = What is stored of a verification: who asked, which fields and why, when it began and ended and how, why a check failed, how the chip was checked, which version of the app was used, that you agreed, when, and in which language, and keyed hashes that tie your browser, its network and your phone to it. Until the end also what kind of browser and system you use and, if those who run this server find that out, roughly where you are. What ties your browser to it is erased soon after the end.
data-cookie = One cookie ties this browser to the verification that you opened, so that nobody else can use your link. It is not used to follow you, and it is gone when the browser is closed.
data-others = Nothing on these pages comes from third parties. What you choose to share goes to the business that asked, encrypted so that only it can read it. The business also learns how each check went, how sure the server is of it, and a code by which it recognizes the document again.

## What is asked for

claim-document-type-code = Kind of document
claim-issuing-country-code = State that issued the document
claim-family-name = Family name
claim-given-names = Given names
claim-document-number = Number of the document
claim-nationality-code = Nationality
claim-date-of-birth = Date of birth
claim-sex-marker = Sex as in the document
claim-document-expiry-date = Date of expiry of the document
claim-mrz-optional-data = Additional data of the issuing state
claim-document-photo = Photo in the chip
claim-kayle-document-id = A code by which { $organization } recognizes this document again
claim-kayle-human-id = Personal code (always empty)
claim-age-over = Whether you are at least { $years } years old
