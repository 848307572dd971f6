# The words of a printed document in German. What each word means is in src/words.rs.

seller-number = UID
returned = RÜCKGABE
of-receipt = Beleg
copy = KOPIE
discount = Rabatt
surcharge = Aufschlag
voided = Storniert
sub-total = ZWISCHENSUMME
total = SUMME
to-pay = ZU ZAHLEN
change = RÜCKGELD
tax = USt
tax-of-group = USt { $group } aus { $gross }
document = Dokument
printer = Fiskaldrucker
nonfiscal = NICHTFISKALISCHER BELEG
cash-in = EINLAGE
cash-out = ENTNAHME
in-drawer = Bargeld in der Lade

## Reports only

report-x = X-BERICHT
report-z = Z-BERICHT
report-shift-since = Schicht seit
report-sales = VERKÄUFE
report-refunds = RÜCKGABEN
report-alternative = ERSATZBELEGE
report-net = Ohne USt
report-year = SEIT 1. JÄNNER
report-grand = SEIT DEM ERSTEN DOKUMENT
report-periodic = PERIODENBERICHT
report-z-reports = Z-Berichte
report-difference = Differenz

## Lines for the cashier, at most 60 letters

cashier-outcome-unknown = Ergebnis noch unbekannt. Denselben Vorgang wiederholen.
cashier-unsettled = Der vorige Beleg ist noch offen. Bitte kurz warten.
cashier-shift-too-long = Die Schicht dauert zu lange. Den Tag abschließen.
cashier-shift-not-open = Keine Schicht ist offen. Es gibt nichts abzuschließen.
cashier-offline-limit = Zu lange keine Verbindung zum Finanzamt. Hilfe rufen.
cashier-other-printer = Der Drucker gehört nicht zu dieser Kasse. Hilfe rufen.
cashier-cash-missing = Zu wenig Bargeld in der Kasse. Bitte Geld einlegen.
cashier-payment = Die Zahlung passt nicht zur Summe. Beträge prüfen.
cashier-amounts = Ein Preis, eine Menge oder ein Rabatt ist falsch.
cashier-too-long = Der Beleg ist zu groß. Bitte aufteilen.
cashier-original = Dieser Beleg kann hier nicht zurückgegeben werden.
cashier-returned = Es wird mehr zurückgegeben, als übrig ist. Beleg prüfen.
cashier-numbers = Keine Belegnummern mehr. Hilfe rufen.
cashier-paper = Papier und Deckel des Druckers prüfen.
cashier-printer-away = Der Drucker antwortet nicht. Kabel und Strom prüfen.
cashier-printer-fault = Der Drucker hat nicht gedruckt. Hilfe rufen.
cashier-made-before = Der Vorgang ist schon erledigt. Beleg prüfen.
cashier-busy = Die Kasse ist ausgelastet. In einer Minute wiederholen.
cashier-till-fault = Die Kasse hat einen Fehler. Hilfe rufen.
cashier-refused-caller = Das Programm hat keine Berechtigung. Hilfe rufen.
cashier-program = Das Programm hat falsche Daten gesendet. Hilfe rufen.
cashier-terminal = Das Bankterminal lehnt ab. Bitte anders bezahlen.
cashier-class-code = Ein Artikel hat in der Kasse keinen Warencode. Hilfe rufen.
cashier-contact = E-Mail oder Telefonnummer ist falsch. Bitte berichtigen.
