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
