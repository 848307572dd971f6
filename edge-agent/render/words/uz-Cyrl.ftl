# The words of a printed document in Uzbek in Cyrillic letters. What each word means is in src/words.rs.

seller-number = СТИР
returned = ҚАЙТАРИШ
of-receipt = Чек
copy = НУСХА
discount = Чегирма
surcharge = Устама
voided = Бекор қилинди
sub-total = ОРАЛИҚ ЖАМИ
total = ЖАМИ
to-pay = ТЎЛАШ УЧУН
change = ҚАЙТИМ
tax = ҚҚС
tax-of-group = ҚҚС { $group }, { $gross } дан
document = Ҳужжат
printer = Фискал принтер
nonfiscal = НОФИСКАЛ ЧЕК
cash-in = НАҚД ПУЛ КИРИМИ
cash-out = НАҚД ПУЛ ЧИҚИМИ
in-drawer = Кассадаги нақд пул

## Reports only

report-x = X-ҲИСОБОТ
report-z = Z-ҲИСОБОТ
report-shift-since = Смена бошланди
report-sales = САВДО
report-refunds = ҚАЙТАРИШЛАР
report-alternative = МУҚОБИЛ ЧЕКЛАР
report-net = ҚҚСсиз
report-year = 1-ЯНВАРДАН БЕРИ
report-grand = БИРИНЧИ ҲУЖЖАТДАН БЕРИ
