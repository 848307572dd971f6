# The words of the hub's pages in English.

overview = Overview
tills = Tills
z-reports = Z-reports
skip = To the content
pages = Pages
language-choice = Language
sign-in = Sign in
sign-out = Sign out
name = Name
password = Password
add-person = A person is added on the hub's machine: { $command }
not-found = Not found
no-such-till = There is no such till.
not-available = Not available
no-database = The hub cannot use its database at present. Load the page again in a moment.
wrong-parameters = Wrong parameters
foreign-form = The form came from another site.
unreadable-form = The form cannot be read.
old-form = This form is too old. Load the page again.
wrong-password = The name or the password is wrong.
locked = There were five wrong passwords. Try again in { $minutes } minutes.
busy = Too many people sign in at once. Try again.

## Tills

all-tills = All tills
only-trouble = Only tills that need a look
need-a-look = Tills that need a look
all-trouble = All tills that need a look
next-tills = Next tills
no-tills = There are no tills here.
silent-tills = Silent for more than five minutes
cannot-sell-tills = Cannot sell
offline-tills = Without the authority
problem-tills = With problems
refused-tills = With refused batches
unsent-money = Money that the authorities have not acknowledged
unsent-item = { $total }, documents: { $count }
none = None.
shop = Shop
state = State
last-sale = Last sale
unsent = Unsent
version = Version
ago = { $time } ago
never = never
state-revoked = revoked on { $time }
state-forked = two machines use this identity
state-restored = restored from an old backup
state-no-report = has never reported
state-not-enrolled = not enrolled yet
state-silent = silent for { $time }
state-cannot-sell = cannot sell
state-offline = without the authority for { $time }
state-problems = problems: { $count }
state-ready = ready to sell

## One till

till = Till
documents = Documents
epoch = Epoch
last-batch = Last batch
last-report = Last report
waiting = Documents that wait for the hub
csv = Documents of this till as CSV
problems = Problems
begun = since { $time }
refused-batches = Refused batches
refused-item = { $why }: documents { $first } to { $last } of epoch { $epoch }, received { $time }
why-restored = the till was restored from an old backup
why-replaced = a machine that was replaced
why-other = other documents than the stored ones
z-of-thirty-days = Z-reports of the last thirty days

## Z-reports

week-up-to = The week up to
only-differences = Only with differences
show = Show
newest = Only the newest are shown: { $count }.
more-as-json = More as JSON
no-z = There are no Z-reports here.
day = Day
total = Total
remarks = Remarks
missing = Z-reports missing before this one: { $count }
difference = { $name }: till { $till }, { $side } { $other }

## Lengths of time

less-than-a-minute = less than a minute
minutes = { $number } min
hours = { $number } h
days = { $number } d
impossible-time = an impossible time
