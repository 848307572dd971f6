#!/bin/sh
# From the login to the first signed receipt through the SIGN AT API, with curl: the vendor's step-by-step integration.
# SIGN_AT_URL (http://127.0.0.1:50700/sign-at/api/v1), SIGN_AT_KEY and SIGN_AT_SECRET name the till and the client.
set -eu

call() { # METHOD PATH [BODY]
    curl --silent --show-error --fail-with-body --retry 3 -X "$1" "$SIGN_AT_URL$2" \
        -H 'Content-Type: application/json' -H "Authorization: Bearer ${token:-}" ${3:+--data-binary "$3"}
}
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
new_id() { cat /proc/sys/kernel/random/uuid; }

# 1. authenticate
token=$(call POST /auth '{"api_key":"'"$SIGN_AT_KEY"'","api_secret":"'"$SIGN_AT_SECRET"'"}' | member access_token)
# 2. authenticateFon, once for each taxpayer: the user for cash registers, not the one of the portal
call PUT /fon/auth '{"fon_participant_id":"123456789","fon_user_id":"kasse1","fon_user_pin":"geheim12"}' >/dev/null
# 3. createSignatureCreationUnit: a till has one
unit=${SIGN_AT_UNIT:-$(new_id)}
call PUT "/signature-creation-unit/$unit" '{"legal_entity_id":{"vat_id":"ATU12345678"},"legal_entity_name":"Gasthaus Muster"}' >/dev/null
# 4. createCashRegister
register=$(new_id)
call PUT "/cash-register/$register" '{"description":"Bar"}' >/dev/null
# 5. updateSignatureCreationUnit
call PATCH "/signature-creation-unit/$unit" '{"state":"INITIALIZED"}' >/dev/null
# 6. updateCashRegister, twice
call PATCH "/cash-register/$register" '{"state":"REGISTERED"}' >/dev/null
call PATCH "/cash-register/$register" '{"state":"INITIALIZED"}' >/dev/null
# 7. signReceipt; send the same id again whenever the answer was lost
receipt=$(new_id)
body='{"receipt_type":"NORMAL","schema":{"standard_v1":{"amounts_per_vat_rate":[{"vat_rate":"STANDARD","amount":"12.00"}]}}}'
signed=$(call PUT "/cash-register/$register/receipt/$receipt" "$body")
again=$(call PUT "/cash-register/$register/receipt/$receipt" "$body")
[ "$(echo "$signed" | member qr_code_data)" = "$(echo "$again" | member qr_code_data)" ]
echo "signed $(echo "$signed" | member receipt_number) $(echo "$signed" | member qr_code_data)"
