-- The hub's first tables: tills and their certificates, the documents by month, health, people.
-- Times end in _ms: milliseconds since 1970 (UTC). Money is in the smallest unit of its currency.

CREATE TABLE till (
    id uuid PRIMARY KEY,
    shop text NOT NULL,
    made_ms bigint NOT NULL,
    revoked_ms bigint,
    epoch integer NOT NULL DEFAULT 1,
    last_sequence bigint NOT NULL DEFAULT 0,
    last_batch_first bigint NOT NULL DEFAULT 0,
    last_hash bytea NOT NULL DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000',
    last_batch_ms bigint
) WITH (fillfactor = 70);

-- One code for each till: a new one replaces it. Only the digest of the secret is kept.
CREATE TABLE enrolment_code (
    till uuid PRIMARY KEY REFERENCES till,
    secret_sha256 bytea NOT NULL,
    made_ms bigint NOT NULL,
    wrong_tries integer NOT NULL DEFAULT 0,
    used_ms bigint
);

CREATE TABLE certificate (
    sha256 bytea PRIMARY KEY,
    till uuid NOT NULL REFERENCES till,
    public_key bytea NOT NULL,
    made_ms bigint NOT NULL,
    ends_ms bigint NOT NULL,
    revoked_ms bigint,
    replaced boolean NOT NULL DEFAULT false
);
CREATE INDEX certificate_till ON certificate (till);

-- Every stored batch: the chain of a till, with its signatures.
CREATE TABLE batch (
    till uuid NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    epoch integer NOT NULL,
    rows_hash bytea NOT NULL,
    hash bytea NOT NULL,
    before bytea NOT NULL,
    signature bytea NOT NULL,
    received_ms bigint NOT NULL,
    PRIMARY KEY (till, first)
);

-- Batches that contradict what is stored: they are kept for people to look at.
CREATE TABLE refused_batch (
    till uuid NOT NULL REFERENCES till,
    hash bytea NOT NULL,
    why text NOT NULL,
    epoch integer NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    received_ms bigint NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (till, hash)
);

-- A row for each document of each till. A row is never changed.
CREATE TABLE document (
    till uuid NOT NULL,
    sequence bigint NOT NULL,
    at_ms bigint NOT NULL,
    business_day date NOT NULL,
    utc_offset_min smallint NOT NULL,
    epoch integer NOT NULL,
    journal_row bigint NOT NULL,
    device uuid NOT NULL,
    document uuid NOT NULL,
    kind smallint NOT NULL,
    series text NOT NULL,
    number bigint,
    currency text NOT NULL,
    total bigint NOT NULL,
    state smallint NOT NULL,
    z_number integer,
    z_report jsonb,
    recorded bytea NOT NULL,
    PRIMARY KEY (till, sequence, at_ms)
) PARTITION BY RANGE (at_ms);

-- Documents of times that no month's table is made for: a till's clock may be wrong by years.
CREATE TABLE document_other PARTITION OF document DEFAULT;

CREATE INDEX document_z_report ON document (business_day, till) WHERE kind = 6;

CREATE TABLE health (
    till uuid PRIMARY KEY REFERENCES till,
    received_ms bigint NOT NULL,
    at_ms bigint NOT NULL,
    epoch integer NOT NULL,
    version text NOT NULL,
    ready boolean NOT NULL,
    waiting bigint NOT NULL,
    last_sale_ms bigint,
    offline_since_ms bigint,
    unsent jsonb NOT NULL,
    problems jsonb NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE person (
    name text PRIMARY KEY,
    password text NOT NULL,
    made_ms bigint NOT NULL,
    wrong_tries integer NOT NULL DEFAULT 0,
    locked_until_ms bigint
);

CREATE TABLE session (
    token_sha256 bytea PRIMARY KEY,
    person text NOT NULL REFERENCES person ON DELETE CASCADE,
    form_token text NOT NULL,
    made_ms bigint NOT NULL,
    used_ms bigint NOT NULL
);

CREATE TABLE migration (
    step integer PRIMARY KEY,
    name text NOT NULL,
    sha256 bytea NOT NULL,
    carried_out timestamptz NOT NULL DEFAULT now()
);
