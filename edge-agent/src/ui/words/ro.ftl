# The words of the dashboard in Romanian.

ready = Gata de vânzare
not-ready = Nu se poate vinde
what-to-do = Ce este de făcut
test-mode = Mod TEST: bonurile nu au valoare legală.
details = Detalii

## Pages

page-overview = Privire generală
page-receipts = Bonuri
page-reports = Rapoarte
page-document = Document
page-simulator = Simulator
page-people = Persoane
page-pin = PIN-ul meu
page-kiosk = Ecran pentru toți
language-choice = Limba
skip = Salt la conținut
sign-in = Intrare
sign-out = Ieșire
signed-in-as = Intrat ca { $name }
name = Nume
pin = PIN
no-people = Încă nu poate intra nimeni. Pe calculatorul casei, rulați: ferrotill person add
back = Înapoi
save = Salvare
newer = Mai noi
older = Mai vechi

## Parts of the till

part-agent = Program
part-store = Jurnal
part-printer = Imprimantă
part-shift = Schimb
part-office = Serviciul Fiscal
part-queue = Documente în așteptare
part-clock = Ceas
part-drawer = Sertar
part-devices = Dispozitive
part-terminal = Terminal bancar
part-callers = Conexiune
part-numbers = Numere de bonuri
part-signature = Semnături
part-registration = Înregistrare
part-deliveries = Bonuri prin e-mail
part-people = PIN
part-other = Altele
problems = Probleme
no-problems = Totul este în ordine.
attention = Necesită atenție
printer-connected = Conectată
printer-connecting = Neconectată
printer-none = Vinde fără imprimantă
office-none = Nu s-a trimis nimic de la pornire
office-online = Accesibil
office-suspect = Acum nu răspunde
office-offline = Inaccesibil
office-recovering = Răspunde din nou
queue-empty = Toate documentele sunt trimise
queue-waiting = În așteptare: { $count }
queue-money = Vânzări în ele: { $amount }
queue-since = Cel mai vechi: { $time }
queue-left = Timp rămas fără Serviciul Fiscal: { $left }
queue-unlimited = Fără limită de timp
queue-refused = Refuzate: { $count }
hours-minutes = { $hours } h { $minutes } min
shift-closed = Niciun schimb deschis
shift-open = Deschis din { $time }
shift-documents = Documente: { $count }
drawer-cash = Numerar după imprimantă
drawer-unknown = Necunoscut
clock-now = { $time }
last-receipts = Ultimele bonuri
all-receipts = Toate bonurile

## Why the till does not sell, and what to do

why-printer = Imprimanta nu răspunde.
fix-printer = Verificați alimentarea și cablul imprimantei.
why-condition = Imprimanta nu poate tipări.
fix-condition = Verificați hârtia și capacul imprimantei.
why-waits = Un document așteaptă o persoană.
fix-waits = Citiți hârtia tipărită. Apoi intrați și spuneți ce s-a întâmplat cu documentul.
why-others = Imprimanta are bonuri pe care această casă nu le-a făcut.
fix-others = Dacă alt aparat vinde cu această imprimantă, opriți-l pe acesta. Dacă bonurile au fost făcute de la tastele imprimantei, confirmați.
why-clock = Ora casei nu este sigură.
fix-clock = Verificați data și ora calculatorului și ale imprimantei.
why-z-differs = Ultimul raport Z diferă de imprimantă sau de Serviciul Fiscal.
fix-z-differs = Deschideți rapoartele și priviți diferența sau cereți ajutor.
why-shift = Schimbul durează mai mult decât permite legea.
fix-shift = Închideți ziua cu raportul Z.
why-offline = Casa a fost prea mult timp fără Serviciul Fiscal.
fix-offline = Restabiliți conexiunea la internet. Dacă nu ajută, cereți ajutor.
why-store = Casa nu își poate scrie jurnalul.
fix-store = Verificați discul casei, apoi cereți ajutor.
why-other-printer = Această imprimantă nu se potrivește casei.
fix-other-printer = Conectați imprimanta potrivită sau cereți ajutor.
why-printer-rate = Imprimanta are altă cotă de taxă decât casa.
fix-printer-rate = Cereți să se seteze aceeași cotă în imprimantă și în casă. Până atunci nu se tipărește niciun bon cu această cotă.
why-printer-unsure = Casa nu cunoaște pe deplin această imprimantă.
fix-printer-unsure = Priviți un bon tipărit. Dacă sunt litere greșite, cereți ajutor.
why-printer-clock = Ora imprimantei este greșită.
fix-printer-clock = Potriviți ora imprimantei.
why-starting = Imprimanta nu a răspuns de la pornire.
fix-starting = Așteptați câteva secunde.
why-first-pin = Primul PIN nu a fost încă schimbat.
fix-first-pin = Intrați și schimbați PIN-ul.
why-office = Serviciul Fiscal nu poate fi contactat.
fix-office = Casa vinde mai departe. Verificați conexiunea la internet.
why-refused = Serviciul Fiscal refuză documente.
fix-refused = Casa vinde mai departe. Cereți ajutor: detaliile spun de ce.
why-disk = Discul casei este aproape plin.
fix-disk = Faceți loc pe disc sau cereți ajutor.
why-numbers = Numerele pentru bonurile de plată se termină.
fix-numbers = Cereți numere noi înainte de a se termina.
why-shift-ends = Schimbul trebuie închis în două ore.
fix-shift-ends = Închideți ziua cu raportul Z.
why-card = Banii de pe un card nu au încă bon.
fix-card = Nu luați banii încă o dată. Dacă rămâne așa, cereți ajutor.
why-settlement = Terminalul bancar nu a fost închis.
fix-settlement = Verificați terminalul bancar. Dacă funcționează, cereți ajutor.
why-certificate = Un certificat expiră curând sau nu poate fi folosit.
fix-certificate = Cereți ajutor: trebuie înlocuit.
why-delivery = Bonurile nu ajung la cumpărători.
fix-delivery = Casa vinde mai departe. Verificați internetul sau cereți ajutor.
why-taken-over = Alt aparat vinde în locul acestei case.
fix-taken-over = Vindeți pe celălalt aparat și opriți-l pe acesta.
why-counters = Contoarele imprimantei nu se potrivesc cu ale casei.
fix-counters = Închideți ziua cu raportul Z. Dacă rămâne așa, cereți ajutor.
why-signature = Bonurile nu sunt semnate.
fix-signature = Casa vinde mai departe. Verificați unitatea de semnare sau cereți ajutor.
why-registration = Ceva nu este înregistrat la Serviciul Fiscal.
fix-registration = Cereți ajutor: detaliile spun ce este de făcut.
why-module = Modulul fiscal mai are puțin loc.
fix-module = Verificați internetul, ca bonurile lui să fie trimise.
why-hub = Sediul central nu primește nimic de la această casă.
fix-hub = Casa vinde mai departe. Verificați internetul sau cereți ajutor.
why-other = Casa necesită atenție.
fix-other = Citiți detaliile sau cereți ajutor.
settle-link = Spuneți ce s-a întâmplat cu documentul
others-link = Decideți despre bonuri
others-sure = Bonurile au fost făcute de la tastele imprimantei și niciun alt aparat nu vinde cu această imprimantă
others-send = Casa vinde din nou
close-day-link = Închideți ziua
change-pin-link = Schimbați PIN-ul

## Documents

kind-sale = Vânzare
kind-alternative = Bon de plată
kind-refund = Restituire
kind-cash-in = Introducere de numerar
kind-cash-out = Extragere de numerar
kind-x = Raport X
kind-z = Raport Z
kind-nonfiscal = Bon nefiscal
kind-amounts = Bon
number = Număr
time = Ora
kind = Fel
amount = Sumă
state = Stare
no-documents = Încă niciun document.
paper = Hârtie
print-copy = Tipărește o copie
copy-printed = Copia este tipărită.
open-paper = Deschide hârtia, pentru a o tipări din browser
state-registered = Înregistrat
state-not-registered = Neînregistrat
state-unknown = Rezultat încă necunoscut
event-reserved = Început
event-declared = Declarat de { $by }
event-sealed = Înregistrat
event-voided = Încheiat fără document
event-acknowledged = Primit de Serviciul Fiscal
event-aside = Pus deoparte
event-ordered = Comandat din panou de { $by }
event-copied = Copie comandată de { $by }
timeline = Ce s-a întâmplat
conversation = Ce a spus imprimanta
no-conversation = Conversația cu imprimanta este păstrată în jurnalul de mesaje al casei.
request-id = Cerere
not-found = Nu există o astfel de pagină sau un astfel de document.
print-failed = Hârtia nu a fost tipărită

## A document that waits for a person

settle-title = Acest document vă așteaptă
settle-how = Priviți hârtia imprimantei sau jurnalul ei electronic. Se află acolo acest document?
settle-yes = Da, este pe hârtie
settle-no = Nu, nu a fost tipărit
settle-number = Numărul de pe hârtie (dacă se poate citi)
settle-warning = Numele și răspunsul dumneavoastră se păstrează pentru totdeauna.
settle-send = Salvează răspunsul

## Reports

x-button = Tipărește raportul X
x-says = Arată totalurile schimbului. Nu închide nimic.
z-button = Închide ziua
z-says = Tipărește raportul Z și închide schimbul.
z-sure = Vreau să închid ziua acum
z-history = Rapoarte Z
z-number = Z
sales = Vânzări
returns = Restituiri
cash-drawer = Numerar
chart-title = Vânzările ultimelor rapoarte Z
differs = Diferă
difference = Verificare
agrees = Corespunde
no-z = Încă niciun raport Z.
no-shift-to-close = Niciun schimb nu este deschis, deci nu este nimic de raportat.
not-done = Nu s-a făcut

## Simulator

paper-roll = Rola de hârtie
roll-empty = Încă nu s-a tipărit nimic.
switches = Comutatoare
switch-power = Alimentare
switch-paper = Hârtie
switch-cover = Capac
switch-cable = Cablu
switch-office = Serviciul Fiscal
switch-on = pornită
switch-off = oprită
switch-ok = bine
switch-low = puțină
switch-out = lipsă
switch-open = deschis
switch-closed = închis
switch-in = conectat
switch-unplugged = deconectat
switch-up = răspunde
switch-down = nu răspunde
switch-slow = lent
switch-refuse = refuză
switch-error = eroare
fault-next = Defect la următoarea comandă
fault-none = Niciun defect
set-fault = Setează defectul
clear-faults = Șterge toate defectele
no-simulator = Această casă nu are simulator.

## People

rights = Drepturi
right-look = Vizualizare
right-refund = Restituiri
right-z = Rapoarte
right-settle = Lămurirea documentelor
right-settings = Setări
add-person = Adaugă o persoană
remove = Șterge
set-rights = Salvează drepturile
new-pin = PIN nou
repeat-pin = PIN nou încă o dată
old-pin = PIN-ul actual
change-pin = Schimbă PIN-ul
pin-rule = Șase până la douăsprezece cifre, nu toate la fel și nu la rând.
pin-changed = PIN-ul este schimbat. Intrați cu cel nou.
first-pin-note = Casa a creat PIN-ul dumneavoastră. Schimbați-l acum.
saved = Salvat.

## Errors

wrong-pin = Numele sau PIN-ul este greșit.
locked = Prea multe PIN-uri greșite. Încercați din nou peste { $minutes } minute.
busy = Prea multe persoane intră în acest moment. Încercați din nou.
no-right = Nu aveți dreptul pentru aceasta.
form-old = Formularul este prea vechi. Încărcați pagina din nou.
pins-differ = Cele două PIN-uri noi diferă.
faulty = Ceva din formular lipsește sau este greșit.
try-again = Încearcă din nou
