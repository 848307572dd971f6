# The words of a printed document in Uzbek in Latin letters. What each word means is in src/words.rs.

seller-number = STIR
returned = QAYTARISH
of-receipt = Chek
copy = NUSXA
discount = Chegirma
surcharge = Ustama
voided = Bekor qilindi
sub-total = ORALIQ JAMI
total = JAMI
to-pay = TOʻLASH UCHUN
change = QAYTIM
tax = QQS
tax-of-group = QQS { $group }, { $gross } dan
document = Hujjat
printer = Fiskal printer
nonfiscal = NOFISKAL CHEK
cash-in = NAQD PUL KIRIMI
cash-out = NAQD PUL CHIQIMI
in-drawer = Kassadagi naqd pul

## Reports only

report-x = X-HISOBOT
report-z = Z-HISOBOT
report-shift-since = Smena boshlandi
report-sales = SAVDO
report-refunds = QAYTARISHLAR
report-alternative = MUQOBIL CHEKLAR
report-net = QQSsiz
report-year = 1-YANVARDAN BERI
report-grand = BIRINCHI HUJJATDAN BERI
