# The words of the dashboard in Ukrainian.

ready = Можна продавати
not-ready = Продавати не можна
what-to-do = Що робити
test-mode = Режим TEST: чеки не мають юридичної сили.
details = Подробиці

## Pages

page-overview = Огляд
page-receipts = Чеки
page-reports = Звіти
page-document = Документ
page-simulator = Симулятор
page-people = Люди
page-pin = Мій PIN
page-kiosk = Екран для всіх
language-choice = Мова
skip = До змісту
sign-in = Увійти
sign-out = Вийти
signed-in-as = Вхід виконано: { $name }
name = Імʼя
pin = PIN
no-people = Поки ніхто не може увійти. На компʼютері каси виконайте: ferrotill person add
back = Назад
save = Зберегти
newer = Новіші
older = Старіші

## Parts of the till

part-agent = Програма
part-store = Журнал
part-printer = Принтер
part-shift = Зміна
part-office = Податкова
part-queue = Документи в черзі
part-clock = Годинник
part-drawer = Грошова скринька
part-devices = Пристрої
part-terminal = Банківський термінал
part-callers = Зʼєднання
part-numbers = Номери чеків
part-signature = Підписи
part-registration = Реєстрація
part-deliveries = Чеки поштою
part-people = PIN
part-other = Інше
problems = Проблеми
no-problems = Усе гаразд.
attention = Потребує уваги
printer-connected = Підключено
printer-connecting = Не підключено
printer-none = Продає без принтера
office-none = Від запуску нічого не надсилалося
office-online = Доступна
office-suspect = Зараз не відповідає
office-offline = Недоступна
office-recovering = Знову відповідає
queue-empty = Усі документи надіслано
queue-waiting = Чекають: { $count }
queue-money = Продажі в них: { $amount }
queue-since = Найстаріший: { $time }
queue-left = Залишилося часу без податкової: { $left }
queue-unlimited = Без обмеження часу
queue-refused = Відхилено: { $count }
hours-minutes = { $hours } год { $minutes } хв
shift-closed = Зміну не відкрито
shift-open = Відкрито з { $time }
shift-documents = Документів: { $count }
drawer-cash = Готівка за рахунком принтера
drawer-unknown = Невідомо
clock-now = { $time }
last-receipts = Останні чеки
all-receipts = Усі чеки

## Why the till does not sell, and what to do

why-printer = Принтер не відповідає.
fix-printer = Перевірте живлення й кабель принтера.
why-condition = Принтер не може друкувати.
fix-condition = Перевірте папір і кришку принтера.
why-waits = Документ чекає на людину.
fix-waits = Прочитайте надрукований папір. Потім увійдіть і вкажіть, що сталося з документом.
why-others = На принтері є чеки, яких ця каса не робила.
fix-others = Якщо з цим принтером продає інший комп’ютер, вимкніть цей. Якщо чеки зроблено кнопками принтера, підтвердьте це.
why-clock = Час каси не підтверджено.
fix-clock = Перевірте дату й час комп’ютера та принтера.
why-z-differs = Останній Z-звіт розходиться з принтером або податковою.
fix-z-differs = Відкрийте звіти й подивіться різницю або покличте на допомогу.
why-shift = Зміна триває довше, ніж дозволяє закон.
fix-shift = Закрийте день Z-звітом.
why-offline = Каса надто довго працювала без податкової.
fix-offline = Відновіть інтернет. Якщо не допоможе, зверніться по допомогу.
why-store = Каса не може записати свій журнал.
fix-store = Перевірте диск каси та зверніться по допомогу.
why-other-printer = Цей принтер не підходить до каси.
fix-other-printer = Підключіть потрібний принтер або зверніться по допомогу.
why-printer-rate = На принтері інша ставка податку, ніж на касі.
fix-printer-rate = Попросіть установити на принтері й на касі однакову ставку. До того чеки з цією ставкою не друкуються.
why-printer-unsure = Цей принтер відомий касі не повністю.
fix-printer-unsure = Подивіться на надрукований чек. Якщо літери неправильні, зверніться по допомогу.
why-printer-clock = Годинник принтера показує неправильний час.
fix-printer-clock = Установіть годинник принтера.
why-starting = Принтер не відповідав від запуску.
fix-starting = Зачекайте кілька секунд.
why-first-pin = Перший PIN ще не змінено.
fix-first-pin = Увійдіть і змініть PIN.
why-office = Податкова недоступна.
fix-office = Каса продає далі. Перевірте інтернет.
why-refused = Податкова відхиляє документи.
fix-refused = Каса продає далі. Кличте допомогу: причина вказана в подробицях.
why-disk = Диск каси майже заповнений.
fix-disk = Звільніть місце на диску або кличте допомогу.
why-numbers = Номери для альтернативних чеків закінчуються.
fix-numbers = Попросіть нові номери, поки вони не скінчилися.
why-shift-ends = Зміну треба закрити протягом двох годин.
fix-shift-ends = Закрийте день Z-звітом.
why-card = Гроші з картки ще не мають чека.
fix-card = Не беріть гроші вдруге. Якщо це не мине, кличте допомогу.
why-settlement = Банківський термінал не звірено.
fix-settlement = Перевірте термінал. Якщо він працює, кличте допомогу.
why-certificate = Сертифікат невдовзі закінчується або непридатний.
fix-certificate = Кличте допомогу: його треба замінити.
why-delivery = Чеки не доходять до покупців.
fix-delivery = Каса продає далі. Перевірте інтернет або кличте допомогу.
why-taken-over = Замість цієї каси продає інша машина.
fix-taken-over = Продавайте на іншій машині, а цю вимкніть.
why-counters = Лічильники принтера не збігаються з касою.
fix-counters = Закрийте день Z-звітом. Якщо це не мине, кличте допомогу.
why-signature = Чеки не підписуються.
fix-signature = Каса продає далі. Перевірте пристрій підпису або кличте допомогу.
why-registration = Щось не зареєстровано в податковій.
fix-registration = Кличте допомогу: у подробицях сказано, що робити.
why-module = У фіскальному модулі лишилося мало місця.
fix-module = Перевірте інтернет, щоб його чеки були надіслані.
why-hub = Головний офіс нічого не отримує від цієї каси.
fix-hub = Каса продає далі. Перевірте інтернет або кличте допомогу.
why-other = Каса потребує уваги.
fix-other = Прочитайте подробиці або зверніться по допомогу.
settle-link = Вказати, що сталося з документом
others-link = Вирішити щодо чеків
others-sure = Чеки зроблено кнопками принтера, і інший комп’ютер із цим принтером не продає
others-send = Дозволити касі продавати
close-day-link = Закрити день
change-pin-link = Змінити PIN

## Documents

kind-sale = Продаж
kind-alternative = Альтернативний чек
kind-refund = Повернення
kind-cash-in = Службове внесення
kind-cash-out = Службова видача
kind-x = X-звіт
kind-z = Z-звіт
kind-nonfiscal = Нефіскальний чек
kind-amounts = Чек
number = Номер
time = Час
kind = Вид
amount = Сума
state = Стан
no-documents = Документів поки немає.
paper = Папір
print-copy = Надрукувати копію
copy-printed = Копію надруковано.
open-paper = Відкрити папір, щоб надрукувати його з браузера
state-registered = Зареєстровано
state-not-registered = Не зареєстровано
state-unknown = Результат поки невідомий
event-reserved = Розпочато
event-declared = Вказав: { $by }
event-sealed = Зареєстровано
event-voided = Закінчено без документа
event-acknowledged = Прийнято податковою
event-aside = Відкладено
event-ordered = Замовлено на панелі: { $by }
event-copied = Копію замовив: { $by }
timeline = Що сталося
conversation = Що повідомив принтер
no-conversation = Розмова з принтером зберігається в журналі повідомлень каси.
request-id = Запит
not-found = Такої сторінки або такого документа немає.
print-failed = Папір не надруковано

## A document that waits for a person

settle-title = Цей документ чекає на вас
settle-how = Подивіться на папір принтера або в його електронний журнал. Чи є там цей документ?
settle-yes = Так, він на папері
settle-no = Ні, його не надруковано
settle-number = Номер на папері (якщо його можна прочитати)
settle-warning = Ваше імʼя та відповідь зберігаються назавжди.
settle-send = Зберегти відповідь

## Reports

x-button = Надрукувати X-звіт
x-says = Показує підсумки зміни. Нічого не закриває.
z-button = Закрити день
z-says = Друкує Z-звіт і закриває зміну.
z-sure = Я хочу закрити день зараз
z-history = Z-звіти
z-number = Z
sales = Продажі
returns = Повернення
cash-drawer = Готівка
chart-title = Продажі за останніми Z-звітами
differs = Розходиться
difference = Звірка
agrees = Сходиться
no-z = Z-звітів поки немає.
no-shift-to-close = Зміну не відкрито, звітувати немає про що.
not-done = Не виконано

## Simulator

paper-roll = Стрічка
roll-empty = Поки нічого не надруковано.
switches = Перемикачі
switch-power = Живлення
switch-paper = Папір
switch-cover = Кришка
switch-cable = Кабель
switch-office = Податкова
switch-on = увімкнено
switch-off = вимкнено
switch-ok = є
switch-low = мало
switch-out = немає
switch-open = відкрита
switch-closed = закрита
switch-in = підключено
switch-unplugged = відключено
switch-up = відповідає
switch-down = не відповідає
switch-slow = повільно
switch-refuse = відхиляє
switch-error = помилка
fault-next = Збій за наступної команди
fault-none = Без збою
set-fault = Установити збій
clear-faults = Прибрати всі збої
no-simulator = Ця каса не має симулятора.

## People

rights = Права
right-look = Перегляд
right-refund = Повернення
right-z = Звіти
right-settle = Розбір документів
right-settings = Налаштування
add-person = Додати людину
remove = Видалити
set-rights = Зберегти права
new-pin = Новий PIN
repeat-pin = Новий PIN ще раз
old-pin = Теперішній PIN
change-pin = Змінити PIN
pin-rule = Від шести до дванадцяти цифр, не однакові й не поспіль.
pin-changed = PIN змінено. Увійдіть із новим.
first-pin-note = Ваш PIN створила каса. Змініть його зараз.
saved = Збережено.

## Errors

wrong-pin = Неправильне імʼя або PIN.
locked = Забагато неправильних PIN. Повторіть через { $minutes } хв.
busy = Зараз входить забагато людей. Повторіть.
no-right = Ви не маєте на це права.
form-old = Форма застаріла. Завантажте сторінку знову.
pins-differ = Два нові PIN різняться.
faulty = У формі чогось бракує або є помилка.
try-again = Повторити
