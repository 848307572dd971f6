# The words of the dashboard in Uzbek, in Latin letters.

ready = Sotish mumkin
not-ready = Sotish mumkin emas
what-to-do = Nima qilish kerak
test-mode = TEST rejimi: cheklar huquqiy kuchga ega emas.
details = Tafsilotlar

## Pages

page-overview = Umumiy holat
page-receipts = Cheklar
page-reports = Hisobotlar
page-document = Hujjat
page-simulator = Simulyator
page-people = Xodimlar
page-pin = Mening PIN-kodim
page-kiosk = Hamma uchun ekran
language-choice = Til
skip = Mazmunga oʻtish
sign-in = Kirish
sign-out = Chiqish
signed-in-as = Kirgan: { $name }
name = Ism
pin = PIN-kod
no-people = Hozircha hech kim kira olmaydi. Kassa kompyuterida bajaring: ferrotill person add
back = Orqaga
save = Saqlash
newer = Yangiroq
older = Eskiroq

## Parts of the till

part-agent = Dastur
part-store = Jurnal
part-printer = Printer
part-shift = Smena
part-office = Soliq idorasi
part-queue = Kutayotgan hujjatlar
part-clock = Soat
part-drawer = Pul qutisi
part-devices = Qurilmalar
part-terminal = Bank terminali
part-callers = Ulanish
part-numbers = Chek raqamlari
part-signature = Imzolar
part-registration = Roʻyxatdan oʻtkazish
part-deliveries = Cheklar pochta orqali
part-people = PIN-kod
part-other = Boshqa
problems = Muammolar
no-problems = Hammasi joyida.
attention = Eʼtibor kerak
printer-connected = Ulangan
printer-connecting = Ulanmagan
printer-none = Printersiz sotadi
office-none = Ishga tushgandan beri hech narsa yuborilmadi
office-online = Aloqada
office-suspect = Hozir javob bermayapti
office-offline = Aloqada emas
office-recovering = Yana javob beryapti
queue-empty = Barcha hujjatlar yuborilgan
queue-waiting = Kutmoqda: { $count }
queue-money = Ulardagi savdo: { $amount }
queue-since = Eng eskisi: { $time }
queue-left = Soliq idorasisiz qolgan vaqt: { $left }
queue-unlimited = Vaqt cheklanmagan
queue-refused = Rad etilgan: { $count }
hours-minutes = { $hours } soat { $minutes } daq
shift-closed = Smena ochilmagan
shift-open = { $time } dan beri ochiq
shift-documents = Hujjatlar: { $count }
drawer-cash = Printer hisobidagi naqd pul
drawer-unknown = Nomaʼlum
clock-now = { $time }
last-receipts = Oxirgi cheklar
all-receipts = Barcha cheklar

## Why the till does not sell, and what to do

why-printer = Printer javob bermayapti.
fix-printer = Printerning quvvati va kabelini tekshiring.
why-condition = Printer chop eta olmaydi.
fix-condition = Printerning qogʻozi va qopqogʻini tekshiring.
why-waits = Bir hujjat odamni kutmoqda.
fix-waits = Chop etilgan qogʻozni oʻqing. Soʻng kiring va hujjat nima boʻlganini ayting.
why-others = Printerda bu kassa qilmagan cheklar bor.
fix-others = Agar bu printer bilan boshqa kompyuter sotayotgan boʻlsa, buni oʻchiring. Agar cheklar printer tugmalari bilan qilingan boʻlsa, tasdiqlang.
why-clock = Kassaning vaqti aniq emas.
fix-clock = Kompyuter va printerning sanasi va vaqtini tekshiring.
why-z-differs = Oxirgi Z-hisobot printer yoki soliq idorasidan farq qiladi.
fix-z-differs = Hisobotlarni oching va farqqa qarang yoki yordam chaqiring.
why-shift = Smena qonun ruxsat berganidan uzoq davom etmoqda.
fix-shift = Kunni Z-hisobot bilan yoping.
why-offline = Kassa soliq idorasisiz juda uzoq ishladi.
fix-offline = Internetni tiklang. Yordam bermasa, yordam chaqiring.
why-store = Kassa jurnaliga yoza olmayapti.
fix-store = Kassa diskini tekshiring, soʻng yordam chaqiring.
why-other-printer = Bu printer kassaga mos emas.
fix-other-printer = Toʻgʻri printerni ulang yoki yordam chaqiring.
why-printer-rate = Printerdagi soliq stavkasi kassadagidan farq qiladi.
fix-printer-rate = Printer va kassada bir xil stavka oʻrnatilishini soʻrang. Unga qadar bu stavkali cheklar chop etilmaydi.
why-printer-unsure = Bu printer kassaga toʻliq maʼlum emas.
fix-printer-unsure = Chop etilgan chekka qarang. Harflar notoʻgʻri boʻlsa, yordam chaqiring.
why-printer-clock = Printerning soati notoʻgʻri.
fix-printer-clock = Printerning soatini toʻgʻrilang.
why-starting = Printer ishga tushgandan beri javob bermadi.
fix-starting = Bir necha soniya kuting.
why-first-pin = Birinchi PIN-kod hali oʻzgartirilmagan.
fix-first-pin = Kiring va PIN-kodni oʻzgartiring.
why-office = Soliq idorasi bilan aloqa yoʻq.
fix-office = Kassa sotishda davom etadi. Internetni tekshiring.
why-refused = Soliq idorasi hujjatlarni rad etmoqda.
fix-refused = Kassa sotishda davom etadi. Yordam chaqiring: sababi tafsilotlarda.
why-disk = Kassaning diski deyarli toʻlgan.
fix-disk = Diskda joy boʻshating yoki yordam chaqiring.
why-numbers = Muqobil cheklar raqamlari tugayapti.
fix-numbers = Tugamasidan oldin yangi raqamlar soʻrang.
why-shift-ends = Smena ikki soat ichida yopilishi kerak.
fix-shift-ends = Kunni Z-hisobot bilan yoping.
why-card = Karta puliga hali chek yoʻq.
fix-card = Pulni ikkinchi marta olmang. Oʻtib ketmasa, yordam chaqiring.
why-settlement = Bank terminali solishtirilmagan.
fix-settlement = Terminalni tekshiring. U ishlasa, yordam chaqiring.
why-certificate = Sertifikat muddati tugayapti yoki u yaroqsiz.
fix-certificate = Yordam chaqiring: uni almashtirish kerak.
why-delivery = Cheklar xaridorlarga yetib bormayapti.
fix-delivery = Kassa sotishda davom etadi. Internetni tekshiring yoki yordam chaqiring.
why-taken-over = Bu kassa oʻrniga boshqa mashina sotmoqda.
fix-taken-over = Boshqa mashinada soting, bunisini oʻchiring.
why-counters = Printer hisoblagichlari kassaga mos emas.
fix-counters = Kunni Z-hisobot bilan yoping. Oʻtib ketmasa, yordam chaqiring.
why-signature = Cheklar imzolanmayapti.
fix-signature = Kassa sotishda davom etadi. Imzo qurilmasini tekshiring yoki yordam chaqiring.
why-registration = Soliq idorasida nimadir roʻyxatdan oʻtmagan.
fix-registration = Yordam chaqiring: nima qilish tafsilotlarda.
why-module = Fiskal modulda joy kam qoldi.
fix-module = Cheklari yuborilishi uchun internetni tekshiring.
why-hub = Bosh ofis bu kassadan hech narsa olmayapti.
fix-hub = Kassa sotishda davom etadi. Internetni tekshiring yoki yordam chaqiring.
why-other = Kassa eʼtibor talab qiladi.
fix-other = Tafsilotlarni oʻqing yoki yordam chaqiring.
settle-link = Hujjat nima boʻlganini aytish
others-link = Cheklar haqida qaror qilish
others-sure = Cheklar printer tugmalari bilan qilingan va bu printer bilan boshqa kompyuter sotmaydi
others-send = Kassaga sotishga ruxsat berish
close-day-link = Kunni yopish
change-pin-link = PIN-kodni oʻzgartirish

## Documents

kind-sale = Savdo
kind-alternative = Muqobil chek
kind-refund = Qaytarish
kind-cash-in = Naqd kirim
kind-cash-out = Naqd chiqim
kind-x = X-hisobot
kind-z = Z-hisobot
kind-nonfiscal = Nofiskal chek
kind-amounts = Chek
number = Raqam
time = Vaqt
kind = Turi
amount = Summa
state = Holati
no-documents = Hozircha hujjat yoʻq.
paper = Qogʻoz
print-copy = Nusxa chop etish
copy-printed = Nusxa chop etildi.
open-paper = Qogʻozni ochish va brauzerdan chop etish
state-registered = Roʻyxatdan oʻtgan
state-not-registered = Roʻyxatdan oʻtmagan
state-unknown = Natija hali nomaʼlum
event-reserved = Boshlandi
event-declared = Aytgan: { $by }
event-sealed = Roʻyxatdan oʻtdi
event-voided = Hujjatsiz tugadi
event-acknowledged = Soliq idorasi qabul qildi
event-aside = Chetga qoʻyildi
event-ordered = Panelda buyurgan: { $by }
event-copied = Nusxani buyurgan: { $by }
timeline = Nima boʻldi
conversation = Printer nima dedi
no-conversation = Printer bilan suhbat kassaning xabarlar jurnalida saqlanadi.
request-id = Soʻrov
not-found = Bunday sahifa yoki hujjat yoʻq.
print-failed = Qogʻoz chop etilmadi

## A document that waits for a person

settle-title = Bu hujjat sizni kutmoqda
settle-how = Printer qogʻoziga yoki uning elektron jurnaliga qarang. Bu hujjat u yerda bormi?
settle-yes = Ha, u qogʻozda bor
settle-no = Yoʻq, u chop etilmagan
settle-number = Qogʻozdagi raqam (oʻqib boʻlsa)
settle-warning = Ismingiz va javobingiz abadiy saqlanadi.
settle-send = Javobni saqlash

## Reports

x-button = X-hisobotni chop etish
x-says = Smena yakunlarini koʻrsatadi. Hech narsani yopmaydi.
z-button = Kunni yopish
z-says = Z-hisobotni chop etadi va smenani yopadi.
z-sure = Kunni hozir yopmoqchiman
z-history = Z-hisobotlar
z-number = Z
sales = Savdo
returns = Qaytarishlar
cash-drawer = Naqd pul
chart-title = Oxirgi Z-hisobotlardagi savdo
differs = Farq bor
difference = Solishtirish
agrees = Mos
no-z = Hozircha Z-hisobot yoʻq.
no-shift-to-close = Smena ochilmagan, hisobot qilinadigan narsa yoʻq.
not-done = Bajarilmadi

## Simulator

paper-roll = Qogʻoz lentasi
roll-empty = Hozircha hech narsa chop etilmagan.
switches = Kalitlar
switch-power = Quvvat
switch-paper = Qogʻoz
switch-cover = Qopqoq
switch-cable = Kabel
switch-office = Soliq idorasi
switch-on = yoqilgan
switch-off = oʻchirilgan
switch-ok = bor
switch-low = kam
switch-out = yoʻq
switch-open = ochiq
switch-closed = yopiq
switch-in = ulangan
switch-unplugged = uzilgan
switch-up = javob beradi
switch-down = javob bermaydi
switch-slow = sekin
switch-refuse = rad etadi
switch-error = xato
fault-next = Keyingi buyruqdagi nosozlik
fault-none = Nosozlik yoʻq
set-fault = Nosozlikni qoʻyish
clear-faults = Barcha nosozliklarni olib tashlash
no-simulator = Bu kassada simulyator yoʻq.

## People

rights = Huquqlar
right-look = Koʻrish
right-refund = Qaytarish
right-z = Hisobotlar
right-settle = Hujjatlarni aniqlash
right-settings = Sozlamalar
add-person = Xodim qoʻshish
remove = Oʻchirish
set-rights = Huquqlarni saqlash
new-pin = Yangi PIN-kod
repeat-pin = Yangi PIN-kod yana bir marta
old-pin = Hozirgi PIN-kod
change-pin = PIN-kodni oʻzgartirish
pin-rule = Oltidan oʻn ikkitagacha raqam, bir xil ham, ketma-ket ham emas.
pin-changed = PIN-kod oʻzgartirildi. Yangisi bilan kiring.
first-pin-note = PIN-kodingizni kassa yaratgan. Uni hozir oʻzgartiring.
saved = Saqlandi.

## Errors

wrong-pin = Ism yoki PIN-kod notoʻgʻri.
locked = Notoʻgʻri PIN-kodlar juda koʻp. { $minutes } daqiqadan keyin urinib koʻring.
busy = Hozir juda koʻp odam kirmoqda. Yana urinib koʻring.
no-right = Buning uchun huquqingiz yoʻq.
form-old = Shakl eskirgan. Sahifani qayta yuklang.
pins-differ = Ikki yangi PIN-kod har xil.
faulty = Shaklda nimadir yetishmaydi yoki notoʻgʻri.
try-again = Yana urinish
