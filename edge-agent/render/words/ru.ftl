# The words of a printed document in Russian. What each word means is in src/words.rs.

seller-number = Фискальный код
returned = ВОЗВРАТ
of-receipt = Чек
copy = КОПИЯ
discount = Скидка
surcharge = Наценка
voided = Отменено
sub-total = ПОДЫТОГ
total = ИТОГО
to-pay = К ОПЛАТЕ
change = СДАЧА
tax = НДС
tax-of-group = НДС { $group } с { $gross }
document = Документ
printer = Фискальный принтер
nonfiscal = НЕФИСКАЛЬНЫЙ ЧЕК
cash-in = ВНЕСЕНИЕ НАЛИЧНЫХ
cash-out = ИЗЪЯТИЕ НАЛИЧНЫХ
in-drawer = Наличные в кассе

## Reports only

report-x = X-ОТЧЁТ
report-z = Z-ОТЧЁТ
report-shift-since = Смена с
report-sales = ПРОДАЖИ
report-refunds = ВОЗВРАТЫ
report-alternative = АЛЬТЕРНАТИВНЫЕ ЧЕКИ
report-net = Без НДС
report-year = С 1 ЯНВАРЯ
report-grand = С ПЕРВОГО ДОКУМЕНТА
report-periodic = ПЕРИОДИЧЕСКИЙ ОТЧЁТ
report-z-reports = Z-отчёты
report-difference = Разница

## Lines for the cashier, at most 60 letters

cashier-outcome-unknown = Результат пока неизвестен. Повторите ту же операцию.
cashier-unsettled = Предыдущий чек ещё не завершён. Подождите немного.
cashier-shift-too-long = Смена превысила допустимый срок. Закройте день.
cashier-shift-not-open = Смена не открыта. Закрывать нечего.
cashier-offline-limit = Слишком долго нет связи с налоговой. Вызовите помощь.
cashier-other-printer = Принтер не от этой кассы. Вызовите помощь.
cashier-cash-missing = В кассе мало наличных. Внесите деньги.
cashier-payment = Оплата не сходится с итогом. Проверьте суммы.
cashier-amounts = Неверная цена, количество или скидка.
cashier-too-long = Чек слишком большой. Разделите его.
cashier-original = Этот чек нельзя вернуть здесь. Проверьте его.
cashier-returned = Возвращается больше, чем осталось. Проверьте чек.
cashier-numbers = Закончились номера чеков. Вызовите помощь.
cashier-paper = Проверьте бумагу и крышку принтера.
cashier-printer-away = Принтер не отвечает. Проверьте кабель и питание.
cashier-printer-fault = Принтер не напечатал. Вызовите помощь.
cashier-made-before = Операция уже выполнена. Проверьте чек.
cashier-busy = Касса занята. Повторите через минуту.
cashier-till-fault = Касса неисправна. Вызовите помощь.
cashier-refused-caller = У программы нет доступа. Вызовите помощь.
cashier-program = Программа прислала неверные данные. Вызовите помощь.
cashier-terminal = Банковский терминал не одобрил. Выберите другую оплату.
cashier-class-code = У товара в кассе нет кода ИКПУ. Вызовите помощь.
cashier-contact = Неверный e-mail или номер телефона. Исправьте.
