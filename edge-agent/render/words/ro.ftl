# The words of a printed document in Romanian. What each word means is in src/words.rs.

seller-number = Cod fiscal
returned = RETUR
of-receipt = Bonul
copy = COPIE
discount = Reducere
surcharge = Majorare
voided = Anulat
sub-total = SUBTOTAL
total = TOTAL
to-pay = DE PLATĂ
change = REST
tax = TVA
tax-of-group = TVA { $group } din { $gross }
document = Documentul
printer = Imprimanta fiscală
nonfiscal = BON NEFISCAL
cash-in = INTRODUCERE NUMERAR
cash-out = EXTRAGERE NUMERAR
in-drawer = Numerar în casă

## Reports only

report-x = RAPORT X
report-z = RAPORT Z
report-shift-since = Tura din
report-sales = VÂNZĂRI
report-refunds = RETURURI
report-alternative = BONURI DE PLATĂ
report-net = Fără TVA
report-year = DE LA 1 IANUARIE
report-grand = DE LA PRIMUL DOCUMENT
report-periodic = RAPORT PERIODIC
report-z-reports = Rapoarte Z
report-difference = Diferență

## Lines for the cashier, at most 60 letters

cashier-outcome-unknown = Rezultatul nu se știe încă. Repetați aceeași operație.
cashier-unsettled = Bonul precedent nu este lămurit. Așteptați puțin.
cashier-shift-too-long = Tura a depășit limita legală. Închideți ziua.
cashier-shift-not-open = Nicio tură nu este deschisă. Nu este nimic de închis.
cashier-offline-limit = Prea mult timp fără legătură cu fiscul. Cereți ajutor.
cashier-other-printer = Imprimanta nu este cea a acestei case. Cereți ajutor.
cashier-cash-missing = Nu este destul numerar în casă. Introduceți bani.
cashier-payment = Plata nu corespunde totalului. Verificați sumele.
cashier-amounts = Un preț, o cantitate sau o reducere este greșită.
cashier-too-long = Bonul este prea mare. Împărțiți-l în mai multe.
cashier-original = Bonul inițial nu se poate returna aici. Verificați-l.
cashier-returned = Se returnează mai mult decât a rămas. Verificați bonul.
cashier-numbers = Nu mai sunt numere de bonuri. Cereți ajutor.
cashier-paper = Verificați hârtia și capacul imprimantei.
cashier-printer-away = Imprimanta nu răspunde. Verificați cablul și curentul.
cashier-printer-fault = Imprimanta nu a tipărit. Cereți ajutor.
cashier-made-before = Operația a fost deja făcută. Verificați bonul.
cashier-busy = Casa este ocupată. Repetați peste un minut.
cashier-till-fault = Casa are o defecțiune. Cereți ajutor.
cashier-refused-caller = Programul nu are dreptul. Cereți ajutor.
cashier-program = Programul a trimis date greșite. Cereți ajutor.
cashier-terminal = Terminalul bancar nu a aprobat. Altă plată, vă rugăm.
cashier-class-code = Un articol nu are cod de clasificare în casă. Cereți ajutor.
cashier-contact = E-mailul sau numărul de telefon este greșit. Corectați.
