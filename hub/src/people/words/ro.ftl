# The words of the hub's pages in Romanian.

overview = Privire generală
tills = Case
z-reports = Rapoarte Z
skip = Salt la conținut
pages = Pagini
language-choice = Limba
sign-in = Intrare
sign-out = Ieșire
name = Nume
password = Parolă
add-person = O persoană se adaugă pe calculatorul central: { $command }
not-found = Nu a fost găsit
no-such-till = Nu există o astfel de casă.
not-available = Indisponibil
no-database = Acum baza de date nu poate fi folosită. Încărcați pagina din nou peste puțin timp.
wrong-parameters = Parametri greșiți
foreign-form = Formularul a venit de pe alt site.
unreadable-form = Formularul nu poate fi citit.
old-form = Formularul este prea vechi. Încărcați pagina din nou.
wrong-password = Numele sau parola este greșită.
locked = Au fost cinci parole greșite. Încercați din nou peste { $minutes } min.
busy = Prea multe persoane intră deodată. Încercați din nou.

## Tills

all-tills = Toate casele
only-trouble = Numai casele care cer atenție
need-a-look = Case care cer atenție
all-trouble = Toate casele care cer atenție
next-tills = Casele următoare
no-tills = Aici nu sunt case.
silent-tills = Fără semnal de peste cinci minute
cannot-sell-tills = Nu pot vinde
offline-tills = Fără legătură cu Serviciul Fiscal
problem-tills = Cu probleme
refused-tills = Cu pachete refuzate
unsent-money = Sume neconfirmate de Serviciul Fiscal
unsent-item = { $total }, documente: { $count }
none = Nimic.
shop = Magazin
state = Stare
last-sale = Ultima vânzare
unsent = Netransmis
version = Versiune
ago = acum { $time }
never = niciodată
state-revoked = revocată la { $time }
state-forked = două calculatoare folosesc această identitate
state-restored = restabilită dintr-o copie veche
state-no-report = nu a trimis încă niciun raport
state-not-enrolled = încă neînregistrată
state-silent = fără semnal de { $time }
state-cannot-sell = nu poate vinde
state-offline = fără Serviciul Fiscal de { $time }
state-problems = probleme: { $count }
state-ready = gata de vânzare

## One till

till = Casă
documents = Documente
epoch = Epocă
last-batch = Ultimul pachet
last-report = Ultimul raport
waiting = Documente care așteaptă transmiterea
csv = Documentele acestei case ca CSV
problems = Probleme
begun = din { $time }
refused-batches = Pachete refuzate
refused-item = { $why }: documentele { $first }–{ $last } din epoca { $epoch }, primite la { $time }
why-restored = casa a fost restabilită dintr-o copie veche
why-replaced = un calculator care a fost înlocuit
why-other = alte documente decât cele păstrate
z-of-thirty-days = Rapoartele Z din ultimele treizeci de zile

## Z-reports

week-up-to = Săptămâna până la
only-differences = Numai cu diferențe
show = Arată
newest = Sunt arătate numai cele mai noi: { $count }.
more-as-json = Mai multe ca JSON
no-z = Aici nu sunt rapoarte Z.
day = Ziua
total = Total
remarks = Observații
missing = Rapoarte Z care lipsesc înainte: { $count }
difference = { $name }: casa { $till }, { $side } { $other }

## Lengths of time

less-than-a-minute = mai puțin de un minut
minutes = { $number } min
hours = { $number } h
days = { $number } z
impossible-time = o dată imposibilă
