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
tax-of-group = ҚҚС { $group } суммадан { $gross }
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
report-periodic = ДАВРИЙ ҲИСОБОТ
report-z-reports = Z-ҳисоботлар
report-difference = Фарқ

## Lines for the cashier, at most 60 letters

cashier-outcome-unknown = Натижа ҳали номаълум. Шу амални такрорланг.
cashier-unsettled = Олдинги чек ҳали якунланмаган. Бироз кутинг.
cashier-shift-too-long = Смена белгиланган вақтдан ошди. Кунни ёпинг.
cashier-shift-not-open = Смена очилмаган. Ёпиладиган нарса йўқ.
cashier-offline-limit = Солиқ билан алоқа узоқ вақт йўқ. Ёрдам чақиринг.
cashier-other-printer = Принтер бу кассаники эмас. Ёрдам чақиринг.
cashier-cash-missing = Кассада нақд пул етарли эмас. Пул киритинг.
cashier-payment = Тўлов жами суммага мос эмас. Суммани текширинг.
cashier-amounts = Нарх, миқдор ёки чегирма нотўғри.
cashier-too-long = Чек жуда катта. Уни бўлинг.
cashier-original = Бу чекни бу ерда қайтариб бўлмайди. Текширинг.
cashier-returned = Қолганидан кўп қайтарилмоқда. Чекни текширинг.
cashier-numbers = Чек рақамлари тугади. Ёрдам чақиринг.
cashier-paper = Принтер қоғози ва қопқоғини текширинг.
cashier-printer-away = Принтер жавоб бермаяпти. Кабель ва токни текширинг.
cashier-printer-fault = Принтер чоп этмади. Ёрдам чақиринг.
cashier-made-before = Амал аллақачон бажарилган. Чекни текширинг.
cashier-busy = Касса банд. Бир дақиқадан кейин такрорланг.
cashier-till-fault = Кассада носозлик бор. Ёрдам чақиринг.
cashier-refused-caller = Дастурга рухсат йўқ. Ёрдам чақиринг.
cashier-program = Дастур нотўғри маълумот юборди. Ёрдам чақиринг.
cashier-terminal = Банк терминали тасдиқламади. Бошқа тўловни танланг.
cashier-class-code = Кассада товарнинг МХИК коди йўқ. Ёрдам чақиринг.
cashier-contact = E-mail ёки телефон рақами нотўғри. Тўғриланг.
