# The words of the dashboard in Russian.

ready = Можно продавать
not-ready = Продавать нельзя
what-to-do = Что делать
test-mode = Режим TEST: чеки не имеют юридической силы.
details = Подробности

## Pages

page-overview = Обзор
page-receipts = Чеки
page-reports = Отчёты
page-document = Документ
page-simulator = Симулятор
page-people = Люди
page-pin = Мой PIN
page-kiosk = Экран для всех
language-choice = Язык
skip = К содержанию
sign-in = Войти
sign-out = Выйти
signed-in-as = Вход выполнен: { $name }
name = Имя
pin = PIN
no-people = Пока никто не может войти. На компьютере кассы выполните: ferrotill person add
back = Назад
save = Сохранить
newer = Новее
older = Старее

## Parts of the till

part-agent = Программа
part-store = Журнал
part-printer = Принтер
part-shift = Смена
part-office = Налоговая
part-queue = Документы в очереди
part-clock = Часы
part-drawer = Денежный ящик
part-devices = Устройства
part-terminal = Банковский терминал
part-callers = Соединение
part-numbers = Номера чеков
part-signature = Подписи
part-registration = Регистрация
part-deliveries = Чеки по почте
part-people = PIN
part-other = Другое
problems = Проблемы
no-problems = Всё в порядке.
attention = Требует внимания
printer-connected = Подключён
printer-connecting = Не подключён
printer-none = Продаёт без принтера
office-none = С запуска ничего не отправлялось
office-online = Доступна
office-suspect = Сейчас не отвечает
office-offline = Недоступна
office-recovering = Снова отвечает
queue-empty = Все документы отправлены
queue-waiting = Ждут: { $count }
queue-money = Продажи в них: { $amount }
queue-since = Самый старый: { $time }
queue-left = Осталось времени без налоговой: { $left }
queue-unlimited = Без ограничения времени
queue-refused = Отклонено: { $count }
hours-minutes = { $hours } ч { $minutes } мин
shift-closed = Смена не открыта
shift-open = Открыта с { $time }
shift-documents = Документов: { $count }
drawer-cash = Наличные по счёту принтера
drawer-unknown = Неизвестно
clock-now = { $time }
last-receipts = Последние чеки
all-receipts = Все чеки

## Why the till does not sell, and what to do

why-printer = Принтер не отвечает.
fix-printer = Проверьте питание и кабель принтера.
why-condition = Принтер не может печатать.
fix-condition = Проверьте бумагу и крышку принтера.
why-waits = Документ ждёт человека.
fix-waits = Прочитайте напечатанную бумагу. Затем войдите и укажите, что стало с документом.
why-others = На принтере есть чеки, которые эта касса не делала.
fix-others = Если с этим принтером продаёт другой компьютер, выключите этот. Если чеки сделаны кнопками принтера, подтвердите это.
why-clock = Время кассы не подтверждено.
fix-clock = Проверьте дату и время компьютера и принтера.
why-z-differs = Последний Z-отчёт расходится с принтером или налоговой службой.
fix-z-differs = Откройте отчёты и посмотрите разницу или позовите на помощь.
why-shift = Смена длится дольше, чем разрешает закон.
fix-shift = Закройте день Z-отчётом.
why-offline = Касса слишком долго работала без налоговой.
fix-offline = Восстановите интернет. Если не поможет, обратитесь за помощью.
why-store = Касса не может записать свой журнал.
fix-store = Проверьте диск кассы и обратитесь за помощью.
why-other-printer = Этот принтер не подходит к кассе.
fix-other-printer = Подключите нужный принтер или обратитесь за помощью.
why-printer-rate = На принтере другая ставка налога, чем на кассе.
fix-printer-rate = Попросите установить на принтере и на кассе одинаковую ставку. До этого чеки с этой ставкой не печатаются.
why-printer-unsure = Этот принтер известен кассе не полностью.
fix-printer-unsure = Посмотрите на напечатанный чек. Если буквы неверны, обратитесь за помощью.
why-printer-clock = Часы принтера показывают неверное время.
fix-printer-clock = Установите часы принтера.
why-starting = Принтер не отвечал с запуска.
fix-starting = Подождите несколько секунд.
why-first-pin = Первый PIN ещё не изменён.
fix-first-pin = Войдите и измените PIN.
why-office = Налоговая недоступна.
fix-office = Касса продолжает продавать. Проверьте интернет.
why-refused = Налоговая отклоняет документы.
fix-refused = Касса продолжает продавать. Вызовите помощь: причина указана в подробностях.
why-disk = Диск кассы почти заполнен.
fix-disk = Освободите место на диске или вызовите помощь.
why-numbers = Номера для альтернативных чеков заканчиваются.
fix-numbers = Запросите новые номера, пока они не кончились.
why-shift-ends = Смену нужно закрыть в течение двух часов.
fix-shift-ends = Закройте день Z-отчётом.
why-card = У денег с карты ещё нет чека.
fix-card = Не берите деньги второй раз. Если это не пройдёт, вызовите помощь.
why-settlement = Банковский терминал не сверен.
fix-settlement = Проверьте терминал. Если он работает, вызовите помощь.
why-certificate = Сертификат скоро истекает или не годится.
fix-certificate = Вызовите помощь: его нужно заменить.
why-delivery = Чеки не доходят до покупателей.
fix-delivery = Касса продолжает продавать. Проверьте интернет или вызовите помощь.
why-taken-over = Вместо этой кассы продаёт другая машина.
fix-taken-over = Продавайте на другой машине, а эту выключите.
why-counters = Счётчики принтера не сходятся с кассой.
fix-counters = Закройте день Z-отчётом. Если это не пройдёт, вызовите помощь.
why-signature = Чеки не подписываются.
fix-signature = Касса продолжает продавать. Проверьте устройство подписи или вызовите помощь.
why-registration = Что-то не зарегистрировано в налоговой.
fix-registration = Вызовите помощь: в подробностях сказано, что делать.
why-module = В фискальном модуле осталось мало места.
fix-module = Проверьте интернет, чтобы его чеки ушли.
why-hub = Головной офис ничего не получает от этой кассы.
fix-hub = Касса продолжает продавать. Проверьте интернет или вызовите помощь.
why-other = Касса требует внимания.
fix-other = Прочитайте подробности или обратитесь за помощью.
settle-link = Указать, что стало с документом
others-link = Решить о чеках
others-sure = Чеки сделаны кнопками принтера, и другой компьютер с этим принтером не продаёт
others-send = Разрешить кассе продавать
close-day-link = Закрыть день
change-pin-link = Изменить PIN

## Documents

kind-sale = Продажа
kind-alternative = Альтернативный чек
kind-refund = Возврат
kind-cash-in = Внесение
kind-cash-out = Изъятие
kind-x = X-отчёт
kind-z = Z-отчёт
kind-nonfiscal = Нефискальный чек
kind-amounts = Чек
number = Номер
time = Время
kind = Вид
amount = Сумма
state = Состояние
no-documents = Документов пока нет.
paper = Бумага
print-copy = Напечатать копию
copy-printed = Копия напечатана.
open-paper = Открыть бумагу, чтобы напечатать её из браузера
state-registered = Зарегистрирован
state-not-registered = Не зарегистрирован
state-unknown = Результат пока неизвестен
event-reserved = Начат
event-declared = Указал: { $by }
event-sealed = Зарегистрирован
event-voided = Закончен без документа
event-acknowledged = Принят налоговой
event-aside = Отложен
event-ordered = Заказано на панели: { $by }
event-copied = Копию заказал: { $by }
timeline = Что произошло
conversation = Что сообщил принтер
no-conversation = Разговор с принтером хранится в журнале сообщений кассы.
request-id = Запрос
not-found = Такой страницы или такого документа нет.
print-failed = Бумага не напечатана

## A document that waits for a person

settle-title = Этот документ ждёт вас
settle-how = Посмотрите на бумагу принтера или в его электронный журнал. Есть ли там этот документ?
settle-yes = Да, он на бумаге
settle-no = Нет, он не напечатан
settle-number = Номер на бумаге (если его можно прочитать)
settle-warning = Ваше имя и ответ сохраняются навсегда.
settle-send = Сохранить ответ

## Reports

x-button = Напечатать X-отчёт
x-says = Показывает итоги смены. Ничего не закрывает.
z-button = Закрыть день
z-says = Печатает Z-отчёт и закрывает смену.
z-sure = Я хочу закрыть день сейчас
z-history = Z-отчёты
z-number = Z
sales = Продажи
returns = Возвраты
cash-drawer = Наличные
chart-title = Продажи по последним Z-отчётам
differs = Расходится
difference = Сверка
agrees = Сходится
no-z = Z-отчётов пока нет.
no-shift-to-close = Смена не открыта, отчитываться не о чем.
not-done = Не выполнено

## Simulator

paper-roll = Лента
roll-empty = Пока ничего не напечатано.
switches = Переключатели
switch-power = Питание
switch-paper = Бумага
switch-cover = Крышка
switch-cable = Кабель
switch-office = Налоговая
switch-on = включено
switch-off = выключено
switch-ok = есть
switch-low = мало
switch-out = нет
switch-open = открыта
switch-closed = закрыта
switch-in = подключён
switch-unplugged = отключён
switch-up = отвечает
switch-down = не отвечает
switch-slow = медленно
switch-refuse = отклоняет
switch-error = ошибка
fault-next = Сбой при следующей команде
fault-none = Без сбоя
set-fault = Установить сбой
clear-faults = Убрать все сбои
no-simulator = У этой кассы нет симулятора.

## People

rights = Права
right-look = Просмотр
right-refund = Возвраты
right-z = Отчёты
right-settle = Разбор документов
right-settings = Настройки
add-person = Добавить человека
remove = Удалить
set-rights = Сохранить права
new-pin = Новый PIN
repeat-pin = Новый PIN ещё раз
old-pin = Нынешний PIN
change-pin = Изменить PIN
pin-rule = От шести до двенадцати цифр, не одинаковые и не подряд.
pin-changed = PIN изменён. Войдите с новым.
first-pin-note = Ваш PIN создала касса. Измените его сейчас.
saved = Сохранено.

## Errors

wrong-pin = Неверное имя или PIN.
locked = Слишком много неверных PIN. Повторите через { $minutes } мин.
busy = Сейчас входит слишком много людей. Повторите.
no-right = У вас нет на это права.
form-old = Форма устарела. Загрузите страницу заново.
pins-differ = Два новых PIN различаются.
faulty = В форме чего-то не хватает или есть ошибка.
try-again = Повторить
