### Svenska.

language-name = Svenska

## dates

date-locale = sv_SE
date-pattern = %-d %b %Y
time-pattern = %H:%M
day-pattern = %a %-d %b %Y
short-day-pattern = %-d %b
month-pattern = %B %Y
moment = { $date } { $time } { $zone }
moment-same-day = { $time } { $zone }

duration-moment = mindre än en minut
duration-minutes =
    { $count ->
        [one] { $count } minut
       *[other] { $count } minuter
    }
duration-hours =
    { $count ->
        [one] { $count } timme
       *[other] { $count } timmar
    }
duration-days =
    { $count ->
        [one] { $count } dag
       *[other] { $count } dagar
    }
duration-joined = { $large } { $small }
duration-ago = för { $length } sedan

## figures

decimal-separator = ,
percent = { $number }{"\u00A0"}%
remaining-unknown = Okänt
remaining-overdrawn = Förbrukad, överskriden med { $share }
remaining-nothing = Förbrukad
remaining-hardly = Mindre än { $share } kvar
remaining = { $share } kvar
known = { $share } känt
known-hardly = under { $share } känt
known-nothing = inget känt
window-rolling = sett över { $length }
window-week = sett över innevarande vecka ({ $zone })
window-month = sett över innevarande månad ({ $zone })
window-quarter = sett över innevarande kvartal ({ $zone })

## statuses

component-operational = Fungerar
component-under-maintenance = Underhåll pågår
component-unknown = Okänt
component-degraded-performance = Nedsatt funktion
component-partial-outage = Delvis avbrott
component-major-outage = Ligger nere
day-operational = Fungerade
day-under-maintenance = Underhåll
day-unknown = Okänt
day-degraded-performance = Nedsatt funktion
day-partial-outage = Delvis avbrott
day-major-outage = Omfattande avbrott
incident-investigating = Undersöks
incident-identified = Orsaken är känd
incident-monitoring = Övervakas
incident-resolved = Löst
incident-postmortem = Efterhandsanalys
impact-none = För kännedom
impact-minor = Liten påverkan
impact-major = Stor påverkan
impact-critical = Kritisk påverkan
maintenance-scheduled = Planerat
maintenance-in-progress = Pågår
maintenance-verifying = Kontrolleras
maintenance-completed = Avslutat
slo-unknown = Okänt
slo-ok = Enligt plan
slo-warning = I riskzonen
slo-critical = I fara
slo-exhausted = Felbudgeten är slut

## page

text-direction = ltr
skip = Hoppa till innehållet
nav = Sidor
nav-status = Status
nav-incidents = Incidenter
nav-history = Historik
nav-subscribe = Prenumerera
logo-of = Logotyp för { $title }
back-to-status = Till statussidan

banner-ok = Alla system fungerar
banner-ok-known = Alla kända system fungerar
banner-unknown = Inget är känt just nu
banner-empty = Inga komponenter än
banner-down-one = { $name } ligger nere
banner-down-some = { $count } av { $total } komponenter ligger nere
banner-down-all =
    { $total ->
        [2] Båda komponenterna ligger nere
       *[other] Alla { $total } komponenter ligger nere
    }
banner-partly-one = { $name } ligger delvis nere
banner-partly-some = { $count } av { $total } komponenter ligger delvis nere
banner-partly-all =
    { $total ->
        [2] Båda komponenterna ligger delvis nere
       *[other] Alla { $total } komponenter ligger delvis nere
    }
banner-degraded-one = { $name } har nedsatt funktion
banner-degraded-some = { $count } av { $total } komponenter har nedsatt funktion
banner-degraded-all =
    { $total ->
        [2] Båda komponenterna har nedsatt funktion
       *[other] Alla { $total } komponenter har nedsatt funktion
    }
banner-maintenance-one = Underhåll av { $name } pågår
banner-maintenance-some = Underhåll av { $count } av { $total } komponenter pågår
banner-maintenance-all =
    { $total ->
        [2] Underhåll av båda komponenterna pågår
       *[other] Underhåll av alla { $total } komponenter pågår
    }
count-down = { $count } nere
count-partly = { $count } delvis nere
count-degraded = { $count } med nedsatt funktion
count-maintenance = { $count } under underhåll
count-unknown =
    { $count ->
        [one] { $count } okänd
       *[other] { $count } okända
    }
count-ok = { $count } som fungerar
count-open-incidents =
    { $count ->
        [one] { $count } pågående incident
       *[other] { $count } pågående incidenter
    }

as-of = Läget
last-known = Senast känt
stale-last-known = Senast kända läge,
stale-ahead = vilket är före klockan
stale-clock = En klocka går fel, här eller där mätningarna görs; hur läget är nu är okänt.
stale-silence = Inget nyare har kommit sedan dess; hur läget är nu är okänt.
live-old = Sidan kunde inte förnyas. Det som visas är { $age } gammalt.
live-units = s min h

overview-description = { $title }: { $headline }. Aktuell status, upptid och incidenter.
incidents-description = Pågående och nyliga incidenter hos { $title }.
component-description = { $name } hos { $title }: { $status }. Upptid, svarstider och incidenter.
history-description = Incidenter och underhåll hos { $title } i { $month }.

components = Komponenter
components-none = Inga komponenter har lagts upp än.
legend = Vad staplarna betyder
days-utc = Varje stapel är ett dygn i UTC.
days-of = { $name }, dag för dag
bar = { $status }, { $uptime } uppe, { $known }
bar-outside = { $status }, utanför upptiden, { $known }
bar-unknown = { $status }
uptime-month = 30 dagar
uptime-quarter = 90 dagar
uptime = Upptid
coverage = Täckning
day = Dag
status = Status
days-table = Dag för dag
watched-since = Bevakas sedan

incidents-title = Incidenter
incidents-open = Pågående incidenter
incidents-none = Ingen incident pågår.
incident-began = Började
incident-over = Över
incident-took = Varade
incident-story = Vad som hände
incident-page = Incidentens egen sida
postmortem = Efterhandsanalys
postmortem-read = Läs efterhandsanalysen
since = Sedan
since-short = sedan
affected = Berörs
became = blev
by-automatic = automatiskt
by-operator = operatör
past-days = Senaste 14 dagarna
past-none = Inga incidenter
past-range = { $from } till { $to }

maintenance = Underhåll
maintenance-recurs = Återkommer
maintenance-looked-over = Arbetet är gjort och kontrolleras till
maintenance-again = Igen

history-headline = Historik, { $month }
history-months = Månader
history-all = Allt tidigare: månad för månad
history-none = Inga incidenter den här månaden.
history-no-maintenance = Inget underhåll den här månaden.
history-partial = Äldre händelser kan inte läsas just nu; månaden kan ha fler.

latency = Svarstider
latency-nothing = Inget har tidmätts de senaste 48 timmarna.
latency-half = Hälften av svaren inom
latency-most = 95 % av svaren inom
latency-hour = Timmen från
latency-slowest = Långsammaste timmen (95 %)
latency-chart = Svarstider de senaste 48 timmarna
latency-half-name = 50 %
latency-most-name = 95 %
latency-described =
    Från { $from } till { $to }: hälften av svaren tog högst { $half-least } till { $half-most }, 95 % av dem högst { $least } till { $most }. { $silent ->
        [0] Inga luckor.
        [one] { $silent } timme utan data.
       *[other] { $silent } timmar utan data.
    }

objectives = Servicemål
slo-promised = Utlovat
slo-measured = Uppmätt
slo-budget = Felbudget
slo-shared =
    { $count ->
        [one] Det räknar { $count } komponent.
       *[other] Det räknar { $count } komponenter tillsammans, däribland den här.
    }
burndown-chart = Hur felbudgeten har minskat
burndown-used-up = förbrukad
burndown-no-data = Inga data
burndown-range = { $from } till { $to }
burndown-gaps =
    { $count ->
        [one] { $count } lucka utan data
       *[other] { $count } luckor utan data
    }
burndown-lower = lägre än vad som ritats: { $figure }
burndown-nothing = Felbudgeten från { $from } till { $to }: inga data.
burndown-described =
    Felbudgeten från { $from } till { $to }. Nu: { $remaining }; lägst: { $lowest }. { $gaps ->
        [0] Inga luckor.
        [one] { $gaps } lucka utan data.
       *[other] { $gaps } luckor utan data.
    }

footer-calendar = Kalender
footer-languages = Språk
footer-zone = Tiderna är i { $zone }.
footer-maker = Hålls av Plimsoll.

no-samples = Inga mätningar än
no-samples-text = Sidan är ny. De första siffrorna syns inom en minut eller två från den första mätningen; sidan tittar efter av sig själv.
not-found = Sidan finns inte
not-found-text = Här finns inget. Adressen kan vara felskriven, eller så är det som fanns här borta.
not-found-login = Logga in på en privat sida
unavailable = Sidan är inte tillgänglig just nu
unavailable-text = Platsen där siffrorna förvaras svarar inte, och det finns inga tidigare siffror till hands. Det säger inget om själva tjänsterna. Sidan tittar efter av sig själv.
login = Logga in
login-text = Sidan är inte offentlig.
login-password = Lösenord
login-button = Logga in
login-failed = Det är inte lösenordet.

report = Månadsrapport
report-made = Så långt som känt
report-partial = Månaden är inte slut: siffrorna är inte slutliga.
report-component = Komponent
report-down = Nere
report-degraded = Nedsatt funktion
report-objective = Mål
report-none = inget
report-open = pågår ännu
report-days = Siffrorna räknar månadens dygn i UTC. Tid i aviserat underhåll räknas varken som bra eller dålig.

## feeds

feed-title = { $name }: störningar och underhåll
feed-description = Vad som är fel, vad som har varit det och vilka arbeten som är planerade: { $name }
calendar-title = { $name }: underhåll
calendar-category = Underhåll
feed-maintenance = Underhåll: { $title }
feed-planned-for = Planerat till
feed-component = { $name }: { $status }
feed-summary = { $status }: { $text }
told-in-progress = Arbetet har börjat.
told-verifying = Arbetet är klart och kontrolleras.
told-completed = Arbetet är avslutat.
told-span = { $from } – { $until }
told-affects = Berör: { $names }
told-looked-over = När arbetet är klart kontrolleras det i { $length }.

## mail

mail-incident-subject = [{ $page }] { $status }: { $title }
mail-incident-standing = { $status } · { $impact }
mail-scheduled-subject = [{ $page }] Planerat underhåll: { $title }
mail-reminder-subject = [{ $page }] Underhåll börjar snart: { $title }
mail-started-subject = [{ $page }] Underhåll har börjat: { $title }
mail-completed-subject = [{ $page }] Underhåll är avslutat: { $title }
mail-scheduled = Planerat underhåll
mail-reminder = Underhåll börjar snart
mail-started = Underhåll har börjat
mail-completed = Underhåll är avslutat
mail-span = { $start } till { $end }
mail-affected = Berör
mail-open-page = Läs mer på statussidan
mail-reason = Du får det här meddelandet för att du prenumererar på { $page }.
mail-unsubscribe = Avsluta prenumerationen
mail-confirm-subject = Bekräfta din prenumeration på { $page }
mail-confirm-asked =
    Någon, troligen du, har bett om att få nyheter om incidenter och underhåll på { $page } hit. Ingenting skickas förrän du
    har bekräftat det.
mail-confirm = Bekräfta prenumerationen
mail-confirm-otherwise = Länken gäller i { $length }. Om det inte var du som bad om detta kan du bortse från meddelandet.

## subscribe

subscribe = Prenumerera
subscribe-lead = Få veta om incidenter och underhåll när de sker.
subscribe-description = Få veta om incidenter och underhåll hos { $title }: med e-post, webhook, Slack, flöde eller kalender.
subscribe-button = Prenumerera
subscribe-privacy = Adressen används till de här meddelandena och till inget annat. Varje e-postmeddelande har en länk som avslutar dem.
subscribe-done = Nästan klart
subscribe-done-email = Vi har skickat e-post till adressen. Meddelandena börjar när länken i den har öppnats.
subscribe-done-webhook = Vi har skickat ett meddelande till adressen. Meddelandena börjar när länken i det har öppnats.
subscribe-done-slack = Vi har skrivit ett meddelande i kanalen. Meddelandena börjar när länken i det har öppnats.
channel-email = E-post
channel-webhook = Webhook
channel-slack = Slack
event-incident = Incidenter
event-maintenance = Underhåll
form-faults = Det här gick inte
form-kind = Hur
form-address = Adress
form-address-hint = En e-postadress; för en webhook eller Slack hela adressen som börjar med https://.
form-events = Om vad
form-components = Vilka komponenter
form-components-hint = Inget valt betyder alla, även de som tillkommer.
form-trap = Lämna tomt
fault-kind = Välj e-post, webhook eller Slack.
fault-email = Skriv en e-postadress som drift@example.org.
fault-url = Skriv en webbadress som börjar med https://.
fault-slack = Skriv adressen till en webhook hos Slack: https://hooks.slack.com/…
fault-components = Välj komponenter som finns på sidan.
fault-events = Välj minst en.
fault-busy = Alltför många har frågat på kort tid. Försök igen om några minuter.
fault-full = Fler prenumerationer kan inte tas emot just nu.
feeds = Flöden och kalender
feeds-lead = För din egen läsare eller kalender; inget krävs av dig.
confirm-ask = Bekräfta prenumerationen
confirm-ask-text = Meddelanden om { $title } kommer att gå till:
confirm-ask-button = Bekräfta
confirmed = Nu prenumererar du
confirmed-text = Från och med nu får du meddelanden.
confirmed-secret = Webhookens hemlighet
confirmed-secret-text = Det vi skickar signeras med den, så som Standard Webhooks beskriver. Den visas bara denna gång.
confirmed-manage = Välj om vad
unsubscribe-ask = Avsluta prenumerationen
unsubscribe-ask-text = Meddelanden om { $title } kommer inte längre att gå till:
unsubscribe-ask-button = Avsluta
unsubscribed = Prenumerationen är avslutad
unsubscribed-text = Inga fler meddelanden går till adressen.
link-unknown = Länken leder ingenstans
link-unknown-text = Den kan ha gått ut eller redan ha använts. En ny prenumeration ger en ny länk.
manage = Din prenumeration
manage-button = Spara
manage-saved = Sparat.
manage-unsubscribe = Avsluta prenumerationen
