#!/bin/sh
# Sells with curl and openssl, repeats the call, and prints number and total of the receipt.
# FERROTILL_URL (http://127.0.0.1:50700), FERROTILL_KEY, FERROTILL_SECRET and FERROTILL_DEVICE name the till and the client.
set -eu

id=$(cat /proc/sys/kernel/random/uuid)
body='{"id":"'$id'","items":[{"name":"Piine","quantity":2.000,"price":8.10,"taxGroupCode":"B"}],"payments":[{"typeCode":0,"amount":20.00}]}'
path=/api/v1/operations/sale

call() {
    timestamp=$(date +%s%3N)
    signature=$(printf '%s' "$FERROTILL_DEVICE${timestamp}POST$path$body" |
        openssl dgst -sha256 -hmac "$FERROTILL_SECRET" -r | cut -d ' ' -f 1)
    # With --data-binary, curl sends the bytes as they were signed. The answer 422 says in "message" what is wrong.
    curl --silent --show-error --retry 3 "$FERROTILL_URL$path" \
        -H 'Content-Type: application/json' \
        -H "Api-Key: $FERROTILL_KEY" -H "Api-DeviceId: $FERROTILL_DEVICE" \
        -H "Api-Timestamp: $timestamp" -H "Api-Signature: $signature" \
        --data-binary "$body"
}

member() {
    printf '%s' "$1" | sed -n "s/.*\"$2\":\([0-9.]*\).*/\1/p"
}

first=$(call)
# The same id gets the same receipt: repeat the call whenever the answer was lost.
again=$(call)
[ "$(member "$first" number)" = "$(member "$again" number)" ]
echo "sold $(member "$first" number) $(member "$first" totalAmount)"
