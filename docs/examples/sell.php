<?php
// Sells with PHP 7.4 or newer, repeats the call, and prints number and total of the receipt.
// FERROTILL_URL (http://127.0.0.1:50700), FERROTILL_KEY, FERROTILL_SECRET and FERROTILL_DEVICE name the till and the client.

declare(strict_types=1);

function setting(string $name): string
{
    $value = getenv($name);
    if ($value === false) {
        throw new RuntimeException("$name is not set");
    }
    return $value;
}

/** The answer to a signed call. A refusal (422) has success false and a message. */
function call(string $method, string $path, string $body): array
{
    $device = setting('FERROTILL_DEVICE');
    $timestamp = (string) (int) (microtime(true) * 1000);
    $signature = hash_hmac('sha256', $device . $timestamp . $method . $path . $body, setting('FERROTILL_SECRET'));
    $context = stream_context_create(['http' => [
        'method' => $method,
        'content' => $body,
        'timeout' => 30,
        'ignore_errors' => true,
        'header' => implode("\r\n", [
            'Content-Type: application/json',
            'Api-Key: ' . setting('FERROTILL_KEY'),
            'Api-DeviceId: ' . $device,
            'Api-Timestamp: ' . $timestamp,
            'Api-Signature: ' . $signature,
        ]),
    ]]);
    $answer = file_get_contents(setting('FERROTILL_URL') . $path, false, $context);
    return json_decode((string) $answer, true, 16, JSON_THROW_ON_ERROR);
}

function receipt_of(array $answer): array
{
    $receipt = $answer['data']['fiscalReceipt'] ?? $answer['data']['alternativeReceipt'] ?? null;
    if ($receipt === null) {
        throw new RuntimeException($answer['errorType'] . ': ' . $answer['message']);
    }
    return $receipt;
}

function new_id(): string
{
    $bytes = random_bytes(16);
    $bytes[6] = chr(ord($bytes[6]) & 0x0f | 0x40);
    $bytes[8] = chr(ord($bytes[8]) & 0x3f | 0x80);
    return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($bytes), 4));
}

// Amounts are written as texts: a number in floating point is not exact.
$body = json_encode([
    'id' => new_id(),
    'items' => [['name' => 'Piine', 'quantity' => '2.000', 'price' => '8.10', 'taxGroupCode' => 'B']],
    'payments' => [['typeCode' => 0, 'amount' => '20.00']],
], JSON_THROW_ON_ERROR);
$receipt = receipt_of(call('POST', '/api/v1/operations/sale', $body));
// The same id gets the same receipt: repeat the call whenever the answer was lost.
$again = receipt_of(call('POST', '/api/v1/operations/sale', $body));
if ($again['uniqueId'] !== $receipt['uniqueId']) {
    throw new RuntimeException('another receipt');
}
printf("sold %d %.2f\n", $receipt['number'], $receipt['totalAmount']);
