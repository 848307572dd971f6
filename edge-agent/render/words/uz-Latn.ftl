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
tax-of-group = QQS { $group } summadan { $gross }
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
report-periodic = DAVRIY HISOBOT
report-z-reports = Z-hisobotlar
report-difference = Farq

## Lines for the cashier, at most 60 letters

cashier-outcome-unknown = Natija hali noma’lum. Shu amalni takrorlang.
cashier-unsettled = Oldingi chek hali yakunlanmagan. Biroz kuting.
cashier-shift-too-long = Smena belgilangan vaqtdan oshdi. Kunni yoping.
cashier-shift-not-open = Smena ochilmagan. Yopiladigan narsa yo‘q.
cashier-offline-limit = Soliq bilan aloqa uzoq vaqt yo‘q. Yordam chaqiring.
cashier-other-printer = Printer bu kassaniki emas. Yordam chaqiring.
cashier-cash-missing = Kassada naqd pul yetarli emas. Pul kiriting.
cashier-payment = To‘lov jami summaga mos emas. Summani tekshiring.
cashier-amounts = Narx, miqdor yoki chegirma noto‘g‘ri.
cashier-too-long = Chek juda katta. Uni bo‘ling.
cashier-original = Bu chekni bu yerda qaytarib bo‘lmaydi. Tekshiring.
cashier-returned = Qolganidan ko‘p qaytarilmoqda. Chekni tekshiring.
cashier-numbers = Chek raqamlari tugadi. Yordam chaqiring.
cashier-paper = Printer qog‘ozi va qopqog‘ini tekshiring.
cashier-printer-away = Printer javob bermayapti. Kabel va tokni tekshiring.
cashier-printer-fault = Printer chop etmadi. Yordam chaqiring.
cashier-made-before = Amal allaqachon bajarilgan. Chekni tekshiring.
cashier-busy = Kassa band. Bir daqiqadan keyin takrorlang.
cashier-till-fault = Kassada nosozlik bor. Yordam chaqiring.
cashier-refused-caller = Dasturga ruxsat yo‘q. Yordam chaqiring.
cashier-program = Dastur noto‘g‘ri ma’lumot yubordi. Yordam chaqiring.
cashier-terminal = Bank terminali tasdiqlamadi. Boshqa to‘lovni tanlang.
cashier-class-code = Kassada tovarning MXIK kodi yo‘q. Yordam chaqiring.
cashier-contact = E-mail yoki telefon raqami noto‘g‘ri. To‘g‘rilang.
