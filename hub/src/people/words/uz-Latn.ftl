# The words of the hub's pages in Uzbek, in Latin letters.

overview = Umumiy holat
tills = Kassalar
z-reports = Z-hisobotlar
skip = Mazmunga oʻtish
pages = Sahifalar
language-choice = Til
sign-in = Kirish
sign-out = Chiqish
name = Ism
password = Parol
add-person = Odam markaziy kompyuterda qoʻshiladi: { $command }
not-found = Topilmadi
no-such-till = Bunday kassa yoʻq.
not-available = Mavjud emas
no-database = Hozir maʼlumotlar bazasidan foydalanib boʻlmaydi. Birozdan keyin sahifani qayta yuklang.
wrong-parameters = Notoʻgʻri parametrlar
foreign-form = Shakl boshqa saytdan kelgan.
unreadable-form = Shaklni oʻqib boʻlmaydi.
old-form = Shakl eskirgan. Sahifani qayta yuklang.
wrong-password = Ism yoki parol notoʻgʻri.
locked = Besh marta notoʻgʻri parol kiritildi. { $minutes } daqiqadan keyin urinib koʻring.
busy = Bir vaqtda juda koʻp odam kirmoqda. Qayta urinib koʻring.

## Tills

all-tills = Barcha kassalar
only-trouble = Faqat eʼtibor talab qiladigan kassalar
need-a-look = Eʼtibor talab qiladigan kassalar
all-trouble = Eʼtibor talab qiladigan barcha kassalar
next-tills = Keyingi kassalar
no-tills = Bu yerda kassa yoʻq.
silent-tills = Besh daqiqadan koʻp jim
cannot-sell-tills = Sota olmaydi
offline-tills = Soliq idorasi bilan aloqasiz
problem-tills = Muammoli
refused-tills = Rad etilgan paketlari bor
unsent-money = Soliq idorasi tasdiqlamagan pullar
unsent-item = { $total }, hujjatlar: { $count }
none = Yoʻq.
shop = Doʻkon
state = Holat
last-sale = Oxirgi savdo
unsent = Yuborilmagan
version = Versiya
ago = { $time } oldin
never = hech qachon
state-revoked = { $time } da bekor qilingan
state-forked = bu kalitdan ikki kompyuter foydalanmoqda
state-restored = eski nusxadan tiklangan
state-no-report = hali xabar bermagan
state-not-enrolled = hali ulanmagan
state-silent = { $time } jim
state-cannot-sell = sota olmaydi
state-offline = { $time } soliq idorasisiz
state-problems = muammolar: { $count }
state-ready = sotish mumkin

## One till

till = Kassa
documents = Hujjatlar
epoch = Davr
last-batch = Oxirgi paket
last-report = Oxirgi xabar
waiting = Bu yerga yuborilishini kutayotgan hujjatlar
csv = Bu kassa hujjatlari CSV koʻrinishida
problems = Muammolar
begun = { $time } dan beri
refused-batches = Rad etilgan paketlar
refused-item = { $why }: { $epoch }-davrning { $first }–{ $last } hujjatlari, { $time } da olingan
why-restored = kassa eski nusxadan tiklangan
why-replaced = almashtirilgan kompyuter
why-other = saqlanganlaridan boshqa hujjatlar
z-of-thirty-days = Oxirgi oʻttiz kunning Z-hisobotlari

## Z-reports

week-up-to = Shu kungacha boʻlgan hafta
only-differences = Faqat farqlari borlar
show = Koʻrsatish
newest = Faqat eng yangilari koʻrsatilgan: { $count }.
more-as-json = Koʻproq JSON koʻrinishida
no-z = Bu yerda Z-hisobot yoʻq.
day = Kun
total = Jami
remarks = Izohlar
missing = Bundan oldin yetishmayotgan Z-hisobotlar: { $count }
difference = { $name }: kassa { $till }, { $side } { $other }

## Lengths of time

less-than-a-minute = bir daqiqadan kam
minutes = { $number } daqiqa
hours = { $number } soat
days = { $number } kun
impossible-time = imkonsiz vaqt
