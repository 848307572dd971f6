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
