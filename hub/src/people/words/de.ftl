# The words of the hub's pages in German.

overview = Übersicht
tills = Kassen
z-reports = Tagesabschlüsse
skip = Zum Inhalt
pages = Seiten
language-choice = Sprache
sign-in = Anmelden
sign-out = Abmelden
name = Name
password = Passwort
add-person = Personen werden auf dem zentralen Rechner angelegt: { $command }
not-found = Nicht gefunden
no-such-till = Diese Kasse gibt es nicht.
not-available = Nicht verfügbar
no-database = Die Datenbank ist zur Zeit nicht verfügbar. Die Seite gleich noch einmal laden.
wrong-parameters = Falsche Parameter
foreign-form = Das Formular kam von einer anderen Website.
unreadable-form = Das Formular ist nicht lesbar.
old-form = Dieses Formular ist zu alt. Die Seite neu laden.
wrong-password = Name oder Passwort ist falsch.
locked = Es gab fünf falsche Passwörter. In { $minutes } Minuten noch einmal versuchen.
busy = Zu viele Personen melden sich gleichzeitig an. Noch einmal versuchen.

## Tills

all-tills = Alle Kassen
only-trouble = Nur Kassen, die Aufmerksamkeit brauchen
need-a-look = Kassen, die Aufmerksamkeit brauchen
all-trouble = Alle Kassen, die Aufmerksamkeit brauchen
next-tills = Weitere Kassen
no-tills = Hier sind keine Kassen.
silent-tills = Seit mehr als fünf Minuten ohne Meldung
cannot-sell-tills = Nicht verkaufsbereit
offline-tills = Ohne Finanzamt
problem-tills = Mit Problemen
refused-tills = Mit abgelehnten Paketen
unsent-money = Beträge, die das Finanzamt nicht bestätigt hat
unsent-item = { $total }, Belege: { $count }
none = Keine.
shop = Geschäft
state = Zustand
last-sale = Letzter Verkauf
unsent = Nicht gesendet
version = Version
ago = vor { $time }
never = nie
state-revoked = gesperrt am { $time }
state-forked = zwei Rechner benutzen diese Identität
state-restored = aus einer alten Sicherung wiederhergestellt
state-no-report = hat sich noch nie gemeldet
state-not-enrolled = noch nicht angemeldet
state-silent = ohne Meldung seit { $time }
state-cannot-sell = kann nicht verkaufen
state-offline = ohne Finanzamt seit { $time }
state-problems = Probleme: { $count }
state-ready = verkaufsbereit

## One till

till = Kasse
documents = Belege
epoch = Epoche
last-batch = Letztes Paket
last-report = Letzte Meldung
waiting = Belege, die noch hierher gesendet werden
csv = Belege dieser Kasse als CSV
problems = Probleme
begun = seit { $time }
refused-batches = Abgelehnte Pakete
refused-item = { $why }: Belege { $first } bis { $last } der Epoche { $epoch }, empfangen { $time }
why-restored = die Kasse wurde aus einer alten Sicherung wiederhergestellt
why-replaced = ein Rechner, der ersetzt wurde
why-other = andere Belege als die gespeicherten
z-of-thirty-days = Tagesabschlüsse der letzten dreißig Tage

## Z-reports

week-up-to = Die Woche bis
only-differences = Nur mit Abweichungen
show = Anzeigen
newest = Nur die neuesten werden gezeigt: { $count }.
more-as-json = Mehr als JSON
no-z = Hier sind keine Tagesabschlüsse.
day = Tag
total = Summe
remarks = Anmerkungen
missing = Davor fehlende Tagesabschlüsse: { $count }
difference = { $name }: Kasse { $till }, { $side } { $other }

## Lengths of time

less-than-a-minute = weniger als einer Minute
minutes = { $number } min
hours = { $number } Std.
days = { $number } Tg.
impossible-time = eine unmögliche Zeit
