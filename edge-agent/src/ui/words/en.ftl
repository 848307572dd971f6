# The words of the dashboard in English.

ready = Ready to sell
not-ready = Not ready to sell
what-to-do = What to do
test-mode = TEST mode: receipts have no legal meaning.
details = Details

## Pages

page-overview = Overview
page-receipts = Receipts
page-reports = Reports
page-document = Document
page-simulator = Simulator
page-people = People
page-pin = My PIN
page-kiosk = Kiosk view
language-choice = Language
skip = Skip to the content
sign-in = Sign in
sign-out = Sign out
signed-in-as = Signed in as { $name }
name = Name
pin = PIN
no-people = Nobody can sign in yet. On the till's computer, run: ferrotill person add
back = Back
save = Save
newer = Newer
older = Older

## Parts of the till

part-agent = Program
part-store = Journal
part-printer = Printer
part-shift = Shift
part-office = Tax office
part-queue = Waiting documents
part-clock = Clock
part-drawer = Drawer
part-devices = Devices
part-terminal = Bank terminal
part-callers = Connection
part-numbers = Receipt numbers
part-signature = Signatures
part-registration = Registration
part-deliveries = Receipts by mail
part-people = PIN
part-other = Other
problems = Problems
no-problems = Everything is in order.
attention = Needs attention
printer-connected = Connected
printer-connecting = Not connected
printer-none = Sells without a printer
office-none = Nothing was sent since the start
office-online = Reachable
office-suspect = Does not answer right now
office-offline = Not reachable
office-recovering = Answers again
queue-empty = All documents are sent
queue-waiting = Waiting: { $count }
queue-money = Sales in them: { $amount }
queue-since = Oldest: { $time }
queue-left = Time left without the tax office: { $left }
queue-unlimited = No time limit
queue-refused = Refused: { $count }
hours-minutes = { $hours } h { $minutes } min
shift-closed = No shift is open
shift-open = Open since { $time }
shift-documents = Documents: { $count }
drawer-cash = Cash by the printer's count
drawer-unknown = Not known
clock-now = { $time }
last-receipts = Last receipts
all-receipts = All receipts

## Why the till does not sell, and what to do

why-printer = The printer does not answer.
fix-printer = Check the printer's power and cable.
why-condition = The printer cannot print.
fix-condition = Check the paper and the cover of the printer.
why-waits = A document waits for a person.
fix-waits = Read the printed paper. Then sign in and say what became of the document.
why-others = The printer has receipts that this till has not made.
fix-others = If another machine sells with this printer, switch this one off. If the receipts were made at the printer's keys, say so.
why-clock = The time of the till is not certain.
fix-clock = Check the date and the time of the computer and of the printer.
why-z-differs = The last Z-report differs from the printer or the tax office.
fix-z-differs = Open the reports and look at the difference, or call for help.
why-shift = The shift is longer than the law allows.
fix-shift = Close the day with a Z-report.
why-offline = The till was too long without the tax office.
fix-offline = Bring the internet connection back. If that does not help, call for help.
why-store = The till cannot write its journal.
fix-store = Check the disk of the till, then call for help.
why-other-printer = This printer does not fit the till.
fix-other-printer = Connect the right printer, or call for help.
why-printer-rate = The printer has another tax rate than the till.
fix-printer-rate = Have the same rate set in the printer and in the till. Until then no receipt with this rate is printed.
why-printer-unsure = This printer is not fully known to the till.
fix-printer-unsure = Look at a printed receipt. If letters are wrong, call for help.
why-printer-clock = The printer's clock is wrong.
fix-printer-clock = Set the printer's clock.
why-starting = The printer has not answered since the start.
fix-starting = Wait some seconds.
why-first-pin = The first PIN was not changed yet.
fix-first-pin = Sign in and change the PIN.
why-office = The tax office cannot be reached.
fix-office = The till goes on selling. Check the internet connection.
why-refused = The tax office refuses documents.
fix-refused = The till goes on selling. Call for help: the details say why.
why-disk = The disk of the till is nearly full.
fix-disk = Make room on the disk, or call for help.
why-numbers = The numbers for alternative receipts are running out.
fix-numbers = Ask for new numbers before they are used up.
why-shift-ends = The shift must be closed within two hours.
fix-shift-ends = Close the day with a Z-report.
why-card = Money of a card has no receipt yet.
fix-card = Do not take the money again. Call for help if this stays.
why-settlement = The bank terminal was not settled.
fix-settlement = Check the bank terminal. If it works, call for help.
why-certificate = A certificate ends soon or cannot be used.
fix-certificate = Call for help: it must be replaced.
why-delivery = Receipts do not reach their buyers.
fix-delivery = The till goes on selling. Check the internet connection, or call for help.
why-taken-over = Another machine sells for this till.
fix-taken-over = Sell on the other machine, and switch this one off.
why-counters = The counters of the printer do not fit the till.
fix-counters = Close the day with a Z-report. Call for help if this stays.
why-signature = Receipts are not signed.
fix-signature = The till goes on selling. Check the signature unit, or call for help.
why-registration = Something is not registered at the tax office.
fix-registration = Call for help: the details say what to do.
why-module = The fiscal module has little room left.
fix-module = Check the internet connection, so that its receipts are sent.
why-hub = The head office gets nothing from this till.
fix-hub = The till goes on selling. Check the internet connection, or call for help.
why-other = The till needs attention.
fix-other = Read the details, or call for help.
settle-link = Say what became of the document
others-link = Decide about the receipts
others-sure = The receipts were made at the printer's keys, and no other machine sells with this printer
others-send = Let the till sell again
close-day-link = Close the day
change-pin-link = Change the PIN

## Documents

kind-sale = Sale
kind-alternative = Alternative receipt
kind-refund = Return
kind-cash-in = Cash in
kind-cash-out = Cash out
kind-x = X-report
kind-z = Z-report
kind-nonfiscal = Non-fiscal receipt
kind-amounts = Receipt
number = Number
time = Time
kind = Kind
amount = Amount
state = State
no-documents = No documents yet.
paper = Paper
print-copy = Print a copy
copy-printed = The copy is printed.
open-paper = Open the paper, to print it from the browser
state-registered = Registered
state-not-registered = Not registered
state-unknown = Outcome not known yet
event-reserved = Begun
event-declared = Declared by { $by }
event-sealed = Registered
event-voided = Ended without a document
event-acknowledged = Received by the tax office
event-aside = Laid aside
event-ordered = Ordered at the dashboard by { $by }
event-copied = Copy ordered by { $by }
timeline = What happened
conversation = What the printer said
no-conversation = The printer's conversation is kept in the log of the till.
request-id = Request
not-found = There is no such page or document.
print-failed = The paper was not printed

## A document that waits for a person

settle-title = This document waits for you
settle-how = Look at the printer's paper or into its electronic journal. Is this document there?
settle-yes = Yes, it is on the paper
settle-no = No, it was not printed
settle-number = Number on the paper (if you can read it)
settle-warning = Your name and your answer are kept for ever.
settle-send = Save the answer

## Reports

x-button = Print an X-report
x-says = Shows the totals of the shift. Closes nothing.
z-button = Close the day
z-says = Prints the Z-report and closes the shift.
z-sure = I want to close the day now
z-history = Z-reports
z-number = Z
sales = Sales
returns = Returns
cash-drawer = Cash
chart-title = Sales of the last Z-reports
differs = Differs
difference = Check
agrees = Agrees
no-z = No Z-report yet.
no-shift-to-close = No shift is open, so there is nothing to report.
not-done = It was not done

## Simulator

paper-roll = Paper roll
roll-empty = Nothing is printed yet.
switches = Switches
switch-power = Power
switch-paper = Paper
switch-cover = Cover
switch-cable = Cable
switch-office = Tax office
switch-on = on
switch-off = off
switch-ok = ok
switch-low = low
switch-out = out
switch-open = open
switch-closed = closed
switch-in = in
switch-unplugged = out
switch-up = up
switch-down = down
switch-slow = slow
switch-refuse = refuses
switch-error = fails
fault-next = Fault at the next command
fault-none = No fault
set-fault = Set the fault
clear-faults = Remove all faults
no-simulator = This till has no simulator.

## People

rights = Rights
right-look = Look
right-refund = Returns
right-z = Reports
right-settle = Settle
right-settings = Settings
add-person = Add a person
remove = Remove
set-rights = Save the rights
new-pin = New PIN
repeat-pin = New PIN again
old-pin = Present PIN
change-pin = Change the PIN
pin-rule = Six to twelve digits, not all the same and not counting up or down.
pin-changed = The PIN is changed. Sign in with the new one.
first-pin-note = The till has made your PIN. Change it now.
saved = Saved.

## Errors

wrong-pin = The name or the PIN is wrong.
locked = Too many wrong PINs. Try again in { $minutes } minutes.
busy = Too many people are signing in at this moment. Try again.
no-right = You do not have the right for this.
form-old = This form is too old. Load the page again.
pins-differ = The two new PINs differ.
faulty = Something in the form is missing or wrong.
try-again = Try again
