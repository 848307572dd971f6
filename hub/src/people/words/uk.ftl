# The words of the hub's pages in Ukrainian.

overview = Огляд
tills = Каси
z-reports = Z-звіти
skip = До змісту
pages = Сторінки
language-choice = Мова
sign-in = Увійти
sign-out = Вийти
name = Імʼя
password = Пароль
add-person = Людину додають на центральному компʼютері: { $command }
not-found = Не знайдено
no-such-till = Такої каси немає.
not-available = Недоступно
no-database = Зараз база даних недоступна. Завантажте сторінку ще раз трохи згодом.
wrong-parameters = Неправильні параметри
foreign-form = Форма надійшла з іншого сайту.
unreadable-form = Форму не можна прочитати.
old-form = Форма застаріла. Завантажте сторінку знову.
wrong-password = Неправильне імʼя або пароль.
locked = Було пʼять неправильних паролів. Повторіть через { $minutes } хв.
busy = Забагато людей входить одночасно. Повторіть спробу.

## Tills

all-tills = Усі каси
only-trouble = Лише каси, що потребують уваги
need-a-look = Каси, що потребують уваги
all-trouble = Усі каси, що потребують уваги
next-tills = Наступні каси
no-tills = Кас тут немає.
silent-tills = Мовчать понад пʼять хвилин
cannot-sell-tills = Не можуть продавати
offline-tills = Без звʼязку з податковою
problem-tills = З проблемами
refused-tills = З відхиленими пакетами
unsent-money = Суми, не підтверджені податковою
unsent-item = { $total }, документів: { $count }
none = Немає.
shop = Магазин
state = Стан
last-sale = Останній продаж
unsent = Не надіслано
version = Версія
ago = { $time } тому
never = ніколи
state-revoked = відкликана { $time }
state-forked = цей ключ використовують два компʼютери
state-restored = відновлена зі старої копії
state-no-report = ще не повідомляла про себе
state-not-enrolled = ще не підключена
state-silent = мовчить { $time }
state-cannot-sell = не може продавати
state-offline = без податкової { $time }
state-problems = проблем: { $count }
state-ready = можна продавати

## One till

till = Каса
documents = Документи
epoch = Епоха
last-batch = Останній пакет
last-report = Останнє повідомлення
waiting = Документів чекають надсилання сюди
csv = Документи цієї каси у CSV
problems = Проблеми
begun = з { $time }
refused-batches = Відхилені пакети
refused-item = { $why }: документи { $first }–{ $last } епохи { $epoch }, отримані { $time }
why-restored = касу відновлено зі старої копії
why-replaced = компʼютер, який було замінено
why-other = документи відрізняються від збережених
z-of-thirty-days = Z-звіти за останні тридцять днів

## Z-reports

week-up-to = Тиждень до
only-differences = Лише з розбіжностями
show = Показати
newest = Показано лише останні: { $count }.
more-as-json = Більше у JSON
no-z = Z-звітів тут немає.
day = День
total = Разом
remarks = Примітки
missing = Перед цим бракує Z-звітів: { $count }
difference = { $name }: каса { $till }, { $side } { $other }

## Lengths of time

less-than-a-minute = менше хвилини
minutes = { $number } хв
hours = { $number } год
days = { $number } дн.
impossible-time = неможливий час
