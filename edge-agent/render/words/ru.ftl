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
