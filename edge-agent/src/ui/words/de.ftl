# The words of the dashboard in German.

ready = Verkaufsbereit
not-ready = Nicht verkaufsbereit
what-to-do = Was zu tun ist
test-mode = TEST-Modus: Belege haben keine rechtliche Bedeutung.
details = Einzelheiten

## Pages

page-overview = Übersicht
page-receipts = Belege
page-reports = Berichte
page-document = Dokument
page-simulator = Simulator
page-people = Personen
page-pin = Meine PIN
page-kiosk = Ansicht für alle
language-choice = Sprache
skip = Zum Inhalt
sign-in = Anmelden
sign-out = Abmelden
signed-in-as = Angemeldet als { $name }
name = Name
pin = PIN
no-people = Noch kann sich niemand anmelden. Am Computer der Kasse ausführen: ferrotill person add
back = Zurück
save = Speichern
newer = Neuere
older = Ältere

## Parts of the till

part-agent = Programm
part-store = Journal
part-printer = Drucker
part-shift = Schicht
part-office = Finanzamt
part-queue = Wartende Dokumente
part-clock = Uhr
part-drawer = Kassenlade
part-devices = Geräte
part-terminal = Bankomatkassa
part-callers = Verbindung
part-numbers = Belegnummern
part-signature = Signaturen
part-registration = Registrierung
part-deliveries = Belege per E-Mail
part-people = PIN
part-other = Anderes
problems = Probleme
no-problems = Alles ist in Ordnung.
attention = Braucht Aufmerksamkeit
printer-connected = Verbunden
printer-connecting = Nicht verbunden
printer-none = Verkauft ohne Drucker
office-none = Seit dem Start wurde nichts gesendet
office-online = Erreichbar
office-suspect = Antwortet gerade nicht
office-offline = Nicht erreichbar
office-recovering = Antwortet wieder
queue-empty = Alle Dokumente sind gesendet
queue-waiting = Es warten: { $count }
queue-money = Verkäufe darin: { $amount }
queue-since = Ältestes: { $time }
queue-left = Restzeit ohne Finanzamt: { $left }
queue-unlimited = Kein Zeitlimit
queue-refused = Abgelehnt: { $count }
hours-minutes = { $hours } Std. { $minutes } Min.
shift-closed = Keine Schicht ist offen
shift-open = Offen seit { $time }
shift-documents = Dokumente: { $count }
drawer-cash = Bargeld laut Drucker
drawer-unknown = Nicht bekannt
clock-now = { $time }
last-receipts = Letzte Belege
all-receipts = Alle Belege

## Why the till does not sell, and what to do

why-printer = Der Drucker antwortet nicht.
fix-printer = Strom und Kabel des Druckers prüfen.
why-condition = Der Drucker kann nicht drucken.
fix-condition = Papier und Deckel des Druckers prüfen.
why-waits = Ein Dokument wartet auf eine Person.
fix-waits = Das gedruckte Papier lesen. Dann anmelden und angeben, was aus dem Dokument wurde.
why-others = Der Drucker hat Belege, die diese Kasse nicht gemacht hat.
fix-others = Wenn ein anderes Gerät mit diesem Drucker verkauft, schalten Sie dieses aus. Wenn die Belege an den Tasten des Druckers gemacht wurden, bestätigen Sie das.
why-clock = Die Zeit der Kasse ist nicht sicher.
fix-clock = Prüfen Sie Datum und Uhrzeit des Computers und des Druckers.
why-z-differs = Der letzte Z-Bericht weicht vom Drucker oder vom Finanzamt ab.
fix-z-differs = Öffnen Sie die Berichte und sehen Sie sich den Unterschied an, oder holen Sie Hilfe.
why-shift = Die Schicht dauert länger, als das Gesetz erlaubt.
fix-shift = Den Tag mit dem Z-Bericht abschließen.
why-offline = Die Kasse war zu lange ohne Finanzamt.
fix-offline = Die Internetverbindung wiederherstellen. Wenn das nicht hilft, Hilfe rufen.
why-store = Die Kasse kann ihr Journal nicht schreiben.
fix-store = Den Datenträger der Kasse prüfen, dann Hilfe rufen.
why-other-printer = Dieser Drucker passt nicht zur Kasse.
fix-other-printer = Den richtigen Drucker anschließen oder Hilfe rufen.
why-printer-rate = Der Drucker hat einen anderen Steuersatz als die Kasse.
fix-printer-rate = Im Drucker und in der Kasse denselben Satz einstellen lassen. Bis dahin wird kein Beleg mit diesem Satz gedruckt.
why-printer-unsure = Die Kasse kennt diesen Drucker nicht genau.
fix-printer-unsure = Einen gedruckten Beleg ansehen. Wenn Buchstaben falsch sind, Hilfe rufen.
why-printer-clock = Die Uhr des Druckers geht falsch.
fix-printer-clock = Die Uhr des Druckers stellen.
why-starting = Der Drucker hat seit dem Start nicht geantwortet.
fix-starting = Einige Sekunden warten.
why-first-pin = Die erste PIN wurde noch nicht geändert.
fix-first-pin = Anmelden und die PIN ändern.
why-office = Das Finanzamt ist nicht erreichbar.
fix-office = Die Kasse verkauft weiter. Prüfen Sie die Internetverbindung.
why-refused = Das Finanzamt weist Dokumente zurück.
fix-refused = Die Kasse verkauft weiter. Rufen Sie Hilfe: Die Einzelheiten nennen den Grund.
why-disk = Der Datenträger der Kasse ist fast voll.
fix-disk = Schaffen Sie Platz, oder rufen Sie Hilfe.
why-numbers = Die Nummern für Ersatzbelege gehen zu Ende.
fix-numbers = Fordern Sie neue Nummern an, bevor sie verbraucht sind.
why-shift-ends = Die Schicht muss binnen zwei Stunden geschlossen werden.
fix-shift-ends = Schließen Sie den Tag mit einem Z-Bericht.
why-card = Geld von einer Karte hat noch keinen Beleg.
fix-card = Nehmen Sie das Geld nicht noch einmal. Bleibt das so, rufen Sie Hilfe.
why-settlement = Das Bankterminal ist nicht abgerechnet.
fix-settlement = Prüfen Sie das Bankterminal. Wenn es geht, rufen Sie Hilfe.
why-certificate = Ein Zertifikat läuft bald ab oder ist nicht verwendbar.
fix-certificate = Rufen Sie Hilfe: Es muss ersetzt werden.
why-delivery = Belege kommen nicht bei den Käufern an.
fix-delivery = Die Kasse verkauft weiter. Prüfen Sie das Internet, oder rufen Sie Hilfe.
why-taken-over = Ein anderes Gerät verkauft für diese Kasse.
fix-taken-over = Verkaufen Sie am anderen Gerät, und schalten Sie dieses aus.
why-counters = Die Zähler des Druckers passen nicht zur Kasse.
fix-counters = Schließen Sie den Tag mit einem Z-Bericht. Bleibt das so, rufen Sie Hilfe.
why-signature = Belege werden nicht signiert.
fix-signature = Die Kasse verkauft weiter. Prüfen Sie die Signatureinheit, oder rufen Sie Hilfe.
why-registration = Etwas ist beim Finanzamt nicht gemeldet.
fix-registration = Rufen Sie Hilfe: Die Einzelheiten sagen, was zu tun ist.
why-module = Das Fiskalmodul hat kaum noch Platz.
fix-module = Prüfen Sie das Internet, damit seine Belege gesendet werden.
why-hub = Die Zentrale erhält nichts von dieser Kasse.
fix-hub = Die Kasse verkauft weiter. Prüfen Sie das Internet, oder rufen Sie Hilfe.
why-other = Die Kasse braucht Aufmerksamkeit.
fix-other = Die Einzelheiten lesen oder Hilfe rufen.
settle-link = Angeben, was aus dem Dokument wurde
others-link = Über die Belege entscheiden
others-sure = Die Belege wurden an den Tasten des Druckers gemacht, und kein anderes Gerät verkauft mit diesem Drucker
others-send = Kasse wieder verkaufen lassen
close-day-link = Den Tag abschließen
change-pin-link = Die PIN ändern

## Documents

kind-sale = Verkauf
kind-alternative = Ersatzbeleg
kind-refund = Rückgabe
kind-cash-in = Einlage
kind-cash-out = Entnahme
kind-x = X-Bericht
kind-z = Z-Bericht
kind-nonfiscal = Nichtfiskalischer Beleg
kind-amounts = Beleg
number = Nummer
time = Zeit
kind = Art
amount = Betrag
state = Zustand
no-documents = Noch keine Dokumente.
paper = Papier
print-copy = Kopie drucken
copy-printed = Die Kopie ist gedruckt.
open-paper = Den Beleg öffnen, um ihn aus dem Browser zu drucken
state-registered = Registriert
state-not-registered = Nicht registriert
state-unknown = Ergebnis noch nicht bekannt
event-reserved = Begonnen
event-declared = Angegeben von { $by }
event-sealed = Registriert
event-voided = Ohne Dokument beendet
event-acknowledged = Beim Finanzamt eingelangt
event-aside = Beiseitegelegt
event-ordered = An der Übersicht veranlasst von { $by }
event-copied = Kopie veranlasst von { $by }
timeline = Was geschehen ist
conversation = Was der Drucker gemeldet hat
no-conversation = Das Gespräch mit dem Drucker steht im Meldungsprotokoll der Kasse.
request-id = Anfrage
not-found = Diese Seite oder dieses Dokument gibt es nicht.
print-failed = Das Papier wurde nicht gedruckt

## A document that waits for a person

settle-title = Dieses Dokument wartet auf Sie
settle-how = Sehen Sie auf das Papier des Druckers oder in sein elektronisches Journal. Steht dieses Dokument dort?
settle-yes = Ja, es steht auf dem Papier
settle-no = Nein, es wurde nicht gedruckt
settle-number = Nummer auf dem Papier (falls lesbar)
settle-warning = Ihr Name und Ihre Antwort bleiben für immer gespeichert.
settle-send = Antwort speichern

## Reports

x-button = X-Bericht drucken
x-says = Zeigt die Summen der Schicht. Schließt nichts ab.
z-button = Tag abschließen
z-says = Druckt den Z-Bericht und schließt die Schicht.
z-sure = Ich will den Tag jetzt abschließen
z-history = Z-Berichte
z-number = Z
sales = Verkäufe
returns = Rückgaben
cash-drawer = Bargeld
chart-title = Verkäufe der letzten Z-Berichte
differs = Weicht ab
difference = Abgleich
agrees = Stimmt
no-z = Noch kein Z-Bericht.
no-shift-to-close = Keine Schicht ist offen, also gibt es nichts zu berichten.
not-done = Nicht ausgeführt

## Simulator

paper-roll = Papierrolle
roll-empty = Noch nichts gedruckt.
switches = Schalter
switch-power = Strom
switch-paper = Papier
switch-cover = Deckel
switch-cable = Kabel
switch-office = Finanzamt
switch-on = ein
switch-off = aus
switch-ok = in Ordnung
switch-low = wenig
switch-out = leer
switch-open = offen
switch-closed = geschlossen
switch-in = gesteckt
switch-unplugged = gezogen
switch-up = antwortet
switch-down = antwortet nicht
switch-slow = langsam
switch-refuse = lehnt ab
switch-error = Fehler
fault-next = Fehler beim nächsten Befehl
fault-none = Kein Fehler
set-fault = Fehler setzen
clear-faults = Alle Fehler entfernen
no-simulator = Diese Kasse hat keinen Simulator.

## People

rights = Rechte
right-look = Ansehen
right-refund = Rückgaben
right-z = Berichte
right-settle = Dokumente klären
right-settings = Einstellungen
add-person = Person hinzufügen
remove = Entfernen
set-rights = Rechte speichern
new-pin = Neue PIN
repeat-pin = Neue PIN noch einmal
old-pin = Derzeitige PIN
change-pin = PIN ändern
pin-rule = Sechs bis zwölf Ziffern, nicht alle gleich und nicht der Reihe nach.
pin-changed = Die PIN ist geändert. Melden Sie sich mit der neuen an.
first-pin-note = Die Kasse hat Ihre PIN vergeben. Ändern Sie sie jetzt.
saved = Gespeichert.

## Errors

wrong-pin = Name oder PIN ist falsch.
locked = Zu viele falsche PINs. In { $minutes } Minuten noch einmal versuchen.
busy = Gerade melden sich zu viele Personen an. Noch einmal versuchen.
no-right = Dafür haben Sie kein Recht.
form-old = Dieses Formular ist zu alt. Die Seite neu laden.
pins-differ = Die beiden neuen PINs sind verschieden.
faulty = Im Formular fehlt etwas, oder etwas ist falsch.
try-again = Noch einmal versuchen
