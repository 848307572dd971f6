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
