# The words of a printed document in English. What each word means is in src/words.rs.

seller-number = Tax number
returned = RETURN
of-receipt = Receipt
copy = COPY
discount = Discount
surcharge = Surcharge
voided = Cancelled
sub-total = SUBTOTAL
total = TOTAL
to-pay = TO PAY
change = CHANGE
tax = VAT
tax-of-group = VAT { $group } in { $gross }
document = Document
printer = Fiscal printer
nonfiscal = NON-FISCAL RECEIPT
cash-in = CASH IN
cash-out = CASH OUT
in-drawer = Cash in the drawer

## Reports only

report-x = X-REPORT
report-z = Z-REPORT
report-shift-since = Shift since
report-sales = SALES
report-refunds = RETURNS
report-alternative = ALTERNATIVE RECEIPTS
report-net = Without VAT
report-year = SINCE 1 JANUARY
report-grand = SINCE THE FIRST DOCUMENT
report-periodic = PERIODIC REPORT
report-z-reports = Z-reports
report-difference = Difference

## Lines for the cashier, at most 60 letters

cashier-outcome-unknown = The outcome is not known yet. Repeat the same operation.
cashier-unsettled = The receipt before is not settled yet. Please wait.
cashier-shift-too-long = The shift has lasted too long. Close the day.
cashier-shift-not-open = No shift is open. There is nothing to close.
cashier-offline-limit = No link to the tax office for too long. Call for help.
cashier-other-printer = The printer is not that of this till. Call for help.
cashier-cash-missing = There is not enough cash in the drawer. Put cash in.
cashier-payment = The payment does not fit the total. Check the amounts.
cashier-amounts = A price, a quantity or a discount is wrong.
cashier-too-long = The receipt is too large. Split it.
cashier-original = This receipt cannot be returned here. Check it.
cashier-returned = More is given back than is left. Check the receipt.
cashier-numbers = There are no receipt numbers left. Call for help.
cashier-paper = Check the paper and the cover of the printer.
cashier-printer-away = The printer does not answer. Check cable and power.
cashier-printer-fault = The printer has not printed. Call for help.
cashier-made-before = The operation was made before. Check the receipt.
cashier-busy = The till is busy. Repeat in a minute.
cashier-till-fault = The till has a fault. Call for help.
cashier-refused-caller = The program has no access. Call for help.
cashier-program = The program has sent wrong data. Call for help.
cashier-terminal = The bank terminal has not approved. Pay another way.
cashier-class-code = An item has no class code in the till. Call for help.
cashier-contact = The e-mail address or phone number is wrong. Correct it.
