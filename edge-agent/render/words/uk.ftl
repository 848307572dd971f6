# The words of a printed document in Ukrainian. What each word means is in src/words.rs.

seller-number = Код
returned = ПОВЕРНЕННЯ
of-receipt = Чек
copy = КОПІЯ
discount = Знижка
surcharge = Надбавка
voided = Анульовано
sub-total = ПІДСУМОК
total = СУМА
to-pay = ДО СПЛАТИ
change = РЕШТА
tax = ПДВ
tax-of-group = ПДВ { $group } з { $gross }
document = Документ
printer = Фіскальний принтер
nonfiscal = НЕФІСКАЛЬНИЙ ЧЕК
cash-in = СЛУЖБОВЕ ВНЕСЕННЯ
cash-out = СЛУЖБОВА ВИДАЧА
in-drawer = Готівка в касі

## Reports only

report-x = X-ЗВІТ
report-z = Z-ЗВІТ
report-shift-since = Зміна з
report-sales = ПРОДАЖІ
report-refunds = ПОВЕРНЕННЯ
report-alternative = АЛЬТЕРНАТИВНІ ЧЕКИ
report-net = Без ПДВ
report-year = З 1 СІЧНЯ
report-grand = З ПЕРШОГО ДОКУМЕНТА
report-periodic = ПЕРІОДИЧНИЙ ЗВІТ
report-z-reports = Z-звіти
report-difference = Різниця

## Lines for the cashier, at most 60 letters

cashier-outcome-unknown = Результат ще невідомий. Повторіть ту саму операцію.
cashier-unsettled = Попередній чек ще не завершено. Зачекайте трохи.
cashier-shift-too-long = Зміна перевищила дозволений строк. Закрийте день.
cashier-shift-not-open = Зміну не відкрито. Закривати нічого.
cashier-offline-limit = Надто довго немає зв’язку з податковою. Кличте допомогу.
cashier-other-printer = Принтер не від цієї каси. Кличте допомогу.
cashier-cash-missing = У касі мало готівки. Внесіть гроші.
cashier-payment = Оплата не відповідає сумі. Перевірте суми.
cashier-amounts = Неправильна ціна, кількість або знижка.
cashier-too-long = Чек завеликий. Розділіть його.
cashier-original = Цей чек не можна повернути тут. Перевірте його.
cashier-returned = Повертається більше, ніж лишилося. Перевірте чек.
cashier-numbers = Закінчилися номери чеків. Кличте допомогу.
cashier-paper = Перевірте папір і кришку принтера.
cashier-printer-away = Принтер не відповідає. Перевірте кабель і живлення.
cashier-printer-fault = Принтер не надрукував. Кличте допомогу.
cashier-made-before = Операцію вже виконано. Перевірте чек.
cashier-busy = Каса зайнята. Повторіть за хвилину.
cashier-till-fault = Каса несправна. Кличте допомогу.
cashier-refused-caller = Програма не має доступу. Кличте допомогу.
cashier-program = Програма надіслала неправильні дані. Кличте допомогу.
cashier-terminal = Банківський термінал не схвалив. Оберіть іншу оплату.
cashier-class-code = Товар не має коду класифікації в касі. Кличте допомогу.
cashier-contact = E-mail або номер телефону неправильний. Виправте.
