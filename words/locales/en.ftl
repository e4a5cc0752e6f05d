### English: the language every phrase exists in.
###
### To add a language, copy this file to its tag (de.ftl, pt-BR.ftl) and translate what stands behind the equals signs.
### What stands in braces is filled in and stays as it is. A number picks its form by the language's own plurals:
### [one], [few], [many] and so on, with an asterisk before the form for all other numbers.

# The language's own name for itself.
language-name = English

## dates

# Whose names of months and weekdays are used: a locale of glibc.
date-locale = en_GB
# Patterns as in strftime: %-d day, %b and %B month, %a and %A weekday, %Y year, %H:%M time.
date-pattern = %-d %b %Y
time-pattern = %H:%M
day-pattern = %a %-d %b %Y
short-day-pattern = %-d %b
month-pattern = %B %Y
# $zone: UTC, CET and so on.
moment = { $date }, { $time } { $zone }
moment-same-day = { $time } { $zone }

duration-moment = less than a minute
duration-minutes =
    { $count ->
        [one] { $count } minute
       *[other] { $count } minutes
    }
duration-hours =
    { $count ->
        [one] { $count } hour
       *[other] { $count } hours
    }
duration-days =
    { $count ->
        [one] { $count } day
       *[other] { $count } days
    }
# Two days and three hours: the larger unit first.
duration-joined = { $large } { $small }
duration-ago = { $length } ago

## figures

decimal-separator = .
# Between the number and the sign stands a space that does not break.
percent = { $number }{"\u00A0"}%
# $share is a percentage already. What remains of an error budget:
remaining-unknown = Not known
remaining-overdrawn = Used up, overdrawn by { $share }
remaining-nothing = Used up
remaining-hardly = Less than { $share } left
remaining = { $share } left
# How much of a stretch of time there are samples for.
known = { $share } known
known-hardly = under { $share } known
known-nothing = nothing known
# Over which time something is promised.
window-rolling = over { $length }
window-week = over the present week ({ $zone })
window-month = over the present month ({ $zone })
window-quarter = over the present quarter ({ $zone })

## statuses

# How a component is now.
component-operational = Operational
component-under-maintenance = Under maintenance
component-unknown = Not known
component-degraded-performance = Degraded
component-partial-outage = Partial outage
component-major-outage = Down
# What a day was like.
day-operational = Operational
day-under-maintenance = Under maintenance
day-unknown = Not known
day-degraded-performance = Degraded
day-partial-outage = Partial outage
day-major-outage = Major outage
# Where an incident stands.
incident-investigating = Investigating
incident-identified = Identified
incident-monitoring = Monitoring
incident-resolved = Resolved
incident-postmortem = Postmortem
# How bad an incident is.
impact-none = For information
impact-minor = Minor impact
impact-major = Major impact
impact-critical = Critical impact
# Where announced work stands.
maintenance-scheduled = Scheduled
maintenance-in-progress = In progress
maintenance-verifying = Verifying
maintenance-completed = Completed
# How an SLO stands.
slo-unknown = Not known
slo-ok = On track
slo-warning = At risk
slo-critical = In danger
slo-exhausted = Error budget used up

## page

# ltr, or rtl for languages that are written from right to left.
text-direction = ltr
skip = Skip to content
nav = Pages
nav-status = Status
nav-incidents = Incidents
nav-history = History
nav-subscribe = Subscribe
logo-of = { $title } logo
back-to-status = To the status page

# The one sentence on top. $name is the one component, $count of $total are what the sentence says.
banner-ok = All systems operational
banner-ok-known = All known systems operational
banner-unknown = Nothing is known right now
banner-empty = No components yet
banner-down-one = { $name } is down
banner-down-some = { $count } of { $total } components are down
banner-down-all =
    { $total ->
        [2] Both components are down
       *[other] All { $total } components are down
    }
banner-partly-one = { $name } is partly down
banner-partly-some = { $count } of { $total } components are partly down
banner-partly-all =
    { $total ->
        [2] Both components are partly down
       *[other] All { $total } components are partly down
    }
banner-degraded-one = { $name } is degraded
banner-degraded-some = { $count } of { $total } components are degraded
banner-degraded-all =
    { $total ->
        [2] Both components are degraded
       *[other] All { $total } components are degraded
    }
banner-maintenance-one = { $name } is under maintenance
banner-maintenance-some = { $count } of { $total } components are under maintenance
banner-maintenance-all =
    { $total ->
        [2] Both components are under maintenance
       *[other] All { $total } components are under maintenance
    }
# The counts under it, set apart by dots.
count-down = { $count } down
count-partly = { $count } partly down
count-degraded = { $count } degraded
count-maintenance = { $count } under maintenance
count-unknown = { $count } not known
count-ok = { $count } operational
count-open-incidents =
    { $count ->
        [one] { $count } open incident
       *[other] { $count } open incidents
    }

# How old a page is. An instant follows as-of and stale-last-known.
as-of = As of
last-known = Last known
stale-last-known = Last known state, as of
stale-ahead = which is ahead of the clock
stale-clock = A clock is wrong, here or where the samples are taken; how things are now is not known.
stale-silence = Nothing newer has arrived since; how things are now is not known.
# $age is a number and one of the three units, filled in by the browser.
live-old = This page could not be renewed. What it shows is { $age } old.
live-units = s min h

overview-description = { $title }: { $headline }. Current status, uptime and incidents.
incidents-description = Open and recent incidents of { $title }.
component-description = { $name } of { $title }: { $status }. Uptime, response times and incidents.
history-description = Incidents and maintenance of { $title } in { $month }.

components = Components
components-none = No components have been set up yet.
legend = What the bars mean
days-utc = Each bar is a day of UTC.
# What the bars of a component are called together.
days-of = { $name }, day by day
# One bar: these follow the date and a colon.
bar = { $status }, { $uptime } up, { $known }
bar-outside = { $status }, outside uptime, { $known }
bar-unknown = { $status }
uptime-month = 30 days
uptime-quarter = 90 days
uptime = Uptime
coverage = Coverage
day = Day
status = Status
days-table = Day by day
# An instant follows.
watched-since = Watched since

incidents-title = Incidents
incidents-open = Open incidents
incidents-none = No incident is open.
incident-began = Began
incident-over = Over
incident-took = Took
incident-story = What happened
incident-page = Page of this incident
postmortem = Postmortem
postmortem-read = Read the postmortem
# An instant follows.
since = Since
since-short = since
affected = Affected
# Between two states of a component, for who hears the page: "Degraded became Operational".
became = became
by-automatic = automatic
by-operator = operator
past-days = Past 14 days
past-none = No incidents
# Two days of one year.
past-range = { $from } to { $to }

maintenance = Maintenance
maintenance-recurs = Recurs
# Instants follow.
maintenance-looked-over = The work is done, and is looked over until
maintenance-again = Again

history-headline = History, { $month }
history-months = Months
history-all = Everything before: by month
history-none = No incidents this month.
history-no-maintenance = No maintenance this month.
history-partial = Older entries cannot be read right now; this month may have more.

# How fast a component answers.
latency = Response times
latency-nothing = Nothing has been timed in the last 48 hours.
latency-half = Half of the answers within
latency-most = 95 % of the answers within
latency-hour = In the hour from
latency-slowest = Slowest hour (95 %)
latency-chart = Response times of the last 48 hours
# At the ends of the lines, in a few letters.
latency-half-name = 50 %
latency-most-name = 95 %
latency-described =
    From { $from } to { $to }: half of the answers took { $half-least } to { $half-most } at most, 95 % of them { $least } to { $most }. { $silent ->
        [0] No gaps.
        [one] { $silent } hour without data.
       *[other] { $silent } hours without data.
    }

objectives = Objectives
slo-promised = Promised
slo-measured = Measured
slo-budget = Error budget
slo-shared =
    { $count ->
        [one] It counts { $count } component.
       *[other] It counts { $count } components together, this one among them.
    }
burndown-chart = How the error budget went down
burndown-used-up = used up
burndown-no-data = No data
burndown-range = { $from } to { $to }
burndown-gaps =
    { $count ->
        [one] { $count } gap without data
       *[other] { $count } gaps without data
    }
burndown-lower = lower than drawn: { $figure }
burndown-nothing = The error budget from { $from } to { $to }: No data.
burndown-described =
    The error budget from { $from } to { $to }. Now: { $remaining }; lowest: { $lowest }. { $gaps ->
        [0] No gaps.
        [one] { $gaps } gap without data.
       *[other] { $gaps } gaps without data.
    }

footer-calendar = Calendar
footer-languages = Languages
footer-zone = Times are in { $zone }.
footer-maker = Kept by Plimsoll.

no-samples = No samples yet
no-samples-text = This page is new. The first figures appear within a minute or two of the first sample; it looks again by itself.
not-found = There is no such page
not-found-text = Nothing is kept at this address. It may be mistyped, or what was here is gone.
not-found-login = Sign in to a private page
unavailable = This page is not available right now
unavailable-text = The place where the figures are kept does not answer, and no earlier figures are at hand. This says nothing about the services themselves. The page looks again by itself.
login = Sign in
login-text = This page is not public.
login-password = Password
login-button = Sign in
login-failed = That is not the password.

# A month in figures.
report = Monthly report
report-made = As known on
report-partial = The month is not over: these figures are not final.
report-component = Component
report-down = Down
report-degraded = Degraded
report-objective = Objective
report-none = none
report-open = still open
report-days = Figures count the days of the month in UTC. What is in announced maintenance counts for neither good nor bad.

## feeds

# $name is the page's.
feed-title = { $name }: incidents and maintenance
feed-description = What is wrong, what was, and what work is announced: { $name }
calendar-title = { $name }: maintenance
calendar-category = Maintenance
# $title is that of the announced work.
feed-maintenance = Maintenance: { $title }
# Before a span of time.
feed-planned-for = Planned for
# A component and how it is, an incident or maintenance and the newest of it.
feed-component = { $name }: { $status }
feed-summary = { $status }: { $text }
# What the clock made of announced work.
told-in-progress = The work has begun.
told-verifying = The work is done, and is being looked over.
told-completed = The work is over.
# Two instants.
told-span = { $from } – { $until }
# $names: names of components with commas.
told-affects = Affects: { $names }
told-looked-over = When the work is done, it is looked over for { $length }.

## mail

# What subscribers are told, by mail and in Slack. $page is the title of the page, $title what an incident or announced work
# is called; $status and $impact are phrases of their own.
mail-incident-subject = [{ $page }] { $status }: { $title }
mail-incident-standing = { $status } · { $impact }
mail-scheduled-subject = [{ $page }] Maintenance planned: { $title }
mail-reminder-subject = [{ $page }] Maintenance begins soon: { $title }
mail-started-subject = [{ $page }] Maintenance has begun: { $title }
mail-completed-subject = [{ $page }] Maintenance is over: { $title }
mail-scheduled = Maintenance planned
mail-reminder = Maintenance begins soon
mail-started = Maintenance has begun
mail-completed = Maintenance is over
# When announced work takes place; both are instants.
mail-span = { $start } to { $end }
mail-affected = Affected
mail-open-page = Read more on the status page
mail-reason = You get this because you subscribed to { $page }.
mail-unsubscribe = Unsubscribe
mail-confirm-subject = Confirm your subscription to { $page }
mail-confirm-asked =
    Somebody, most likely you, asked for news of incidents and maintenance at { $page } to be sent here. Nothing is sent until
    you confirm it.
mail-confirm = Confirm the subscription
# $length is a length of time, such as 2 days.
mail-confirm-otherwise = The link works for { $length }. If it was not you who asked, ignore this message.

## subscribe

subscribe = Subscribe
subscribe-lead = Hear of incidents and maintenance as they happen.
subscribe-description = Hear of incidents and maintenance of { $title }: by mail, webhook, Slack, feed or calendar.
subscribe-button = Subscribe
subscribe-privacy = The address is used for these notices and for nothing else. Every mail has a link that ends them.
# The same whether the address was known or not.
subscribe-done = Nearly there
subscribe-done-email = We have sent a mail to that address. The notices begin once the link in it is opened.
subscribe-done-webhook = We have sent a message to that address. The notices begin once the link in it is opened.
subscribe-done-slack = We have posted a message to that channel. The notices begin once the link in it is opened.
channel-email = Mail
channel-webhook = Webhook
channel-slack = Slack
event-incident = Incidents
event-maintenance = Maintenance
form-faults = This could not be taken
form-kind = How
form-address = Address
form-address-hint = An address of mail; for a webhook or Slack the whole address that begins with https://.
form-events = What about
form-components = Which components
form-components-hint = None chosen means all of them, and those to come.
# A field that only machines fill in.
form-trap = Leave this empty
fault-kind = Choose mail, webhook or Slack.
fault-email = Write an address of mail such as ops@example.org.
fault-url = Write an address of the web that begins with https://.
fault-slack = Write the address of a Slack webhook: https://hooks.slack.com/…
fault-components = Choose components that this page has.
fault-events = Choose at least one.
fault-busy = Too many have asked in a short time. Try again in a few minutes.
fault-full = No more subscriptions can be taken right now.
feeds = Feeds and calendar
feeds-lead = For a reader or a calendar of yours; nothing is asked of you.
confirm-ask = Confirm the subscription
confirm-ask-text = Notices of { $title } will go to:
confirm-ask-button = Confirm
confirmed = Subscribed
confirmed-text = Notices go to you from now on.
confirmed-secret = Secret of the webhook
confirmed-secret-text = What we send is signed with it, as Standard Webhooks has it. It is shown this once.
confirmed-manage = Choose what about
unsubscribe-ask = Unsubscribe
unsubscribe-ask-text = Notices of { $title } will no longer go to:
unsubscribe-ask-button = Unsubscribe
unsubscribed = Unsubscribed
unsubscribed-text = No more notices go to that address.
link-unknown = This link leads nowhere
link-unknown-text = It may have ended, or been used up. Subscribing again sends a new one.
manage = Your subscription
manage-button = Save
manage-saved = Saved.
manage-unsubscribe = Unsubscribe
