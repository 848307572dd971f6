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
