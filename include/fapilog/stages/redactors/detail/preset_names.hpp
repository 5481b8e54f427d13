// SPDX-License-Identifier: MIT
// The names that each redaction preset covers, in the notation of `name_rules`.
#pragma once

#include <string_view>

namespace fapilog::inline v0_1::detail::preset_names {

inline constexpr std::string_view contact_info[] = {
    // electronic
    "*email", "e mail", "^mail$", "mail address", "mailto", "whatsapp", "telegram", "skype",
    // by telephone
    "phone", "telephone", "cellphone", "homephone", "^tel$", "^mobile$", "mobile number", "mobile no",
    "cell number", "contact number", "msisdn", "fax",
    // by mail
    "^address$", "street", "home address", "work address", "postal address", "mailing address",
    "billing address", "shipping address", "delivery address", "residential address", "customer address",
    "user address", "address line", "house number", "^city$", "home city", "county", "^zip$", "zip code",
    "post code", "postal code",
    // in general
    "contact info", "contact details", "contact name", "emergency contact"};

inline constexpr std::string_view personal_identifiers[] = {
    // names
    "first name", "middle name", "last name", "full name", "given name", "family name", "surname", "sur name",
    "maiden name", "birth name", "legal name", "real name", "nick name", "customer name", "person name",
    "employee name", "holder name", "account holder", "mothers name", "next of kin",
    // birth
    "date of birth", "^dob$", "user dob", "birth date", "birth day", "birth year", "birth place",
    "place of birth", "born on",
    // personal characteristics
    "^age$", "gender", "^sex$", "nationality", "citizenship", "marital status", "^race$", "ethnicity",
    "ethnic", "religion",
    // numbers and measures of a person
    "employee id", "employee number", "student id", "personal id", "personal number", "biometric",
    "voice print", "face id", "retina", "face photo", "photo of face"};

inline constexpr std::string_view online_identifiers[] = {
    // addresses
    "^ip$", "ip address", "ip addr", "client ip", "remote ip", "source ip", "src ip", "user ip", "peer ip",
    "real ip", "ipv 4", "ipv 6", "remote addr", "remote address", "client addr", "client address",
    "peer addr", "peer address", "forwarded for", "mac address", "mac addr",
    // devices
    "device id", "device serial", "device fingerprint", "browser fingerprint", "advertising id", "ad id",
    "idfa", "idfv", "gaid", "aaid", "imei", "imsi", "udid", "android id", "installation id",
    // visits
    "cookie id", "*cookie", "session id", "tracking id", "visitor id", "analytics id", "user agent",
    // names on the net
    "username", "user name", "login name", "screen name", "twitter handle", "facebook id",
    // places
    "geolocation", "geo location", "geo point", "gps", "latitude", "longitude", "^lat$", "^lon$", "^lng$"};

inline constexpr std::string_view financial_identifiers[] = {
    // accounts
    "iban", "^bic$", "bic code", "swift code", "^swift$", "bank account", "account number", "account no",
    "account num", "acct number", "acct no", "acct num", "routing number", "routing no", "aba number",
    "sort code", "bank code",
    // cards
    "credit card", "debit card", "payment card", "bank card", "card number", "card no", "card num",
    "cc number", "cc num", "cc no",
    // means
    "account balance", "credit score", "salary", "income", "net worth", "paypal", "wallet address",
    "bitcoin address",
    // taxes
    "tax id", "tax number", "vat number", "vat id"};

inline constexpr std::string_view us_government_ids[] = {
    // social security and taxes
    "*ssn", "social security", "soc sec", "^ein$", "ein number", "employer identification", "itin", "^tin$",
    "tax id", "taxpayer", "tax payer",
    // papers
    "passport", "driver license", "drivers license", "driver licence", "license number", "license no",
    "dl number", "state id", "military id", "dod id",
    // health, immigration, professions
    "medicare", "medicaid", "mbi number", "alien number", "alien registration", "green card", "uscis",
    "visa number", "dea number", "^npi$", "npi number"};

inline constexpr std::string_view uk_government_ids[] = {
    // insurance, health and taxes
    "national insurance", "nino", "ni number", "nhs", "chi number", "^utr$", "utr number", "unique taxpayer",
    // papers
    "passport", "driving licence", "driver licence", "driving license", "driver license", "licence number",
    "dvla", "biometric residence"};

inline constexpr std::string_view eu_government_ids[] = {
    // papers
    "national id", "national identity", "national number", "identity card", "id card", "identity number",
    "passport", "driving licence", "driver licence", "driving license", "driver license", "residence permit",
    // taxes and insurance
    "tax id", "tax number", "vat number", "vat id", "vat no", "fiscal code", "social insurance", "ehic",
    // by country
    "personalausweis", "steuer id", "steuernummer", "sozialversicherung", "insee", "^nir$",
    "securite sociale", "^bsn$", "bsn number", "burgerservicenummer", "codice fiscale", "^dni$", "^nie$",
    "^nif$", "pesel", "^cnp$", "ppsn", "pps number", "personnummer", "cpr number", "hetu", "rodne cislo"};

inline constexpr std::string_view gdpr_pii[] = {
    "political opinion", "trade union", "sexual orientation", "health data", "genetic",
    "criminal record",   "belief"};

inline constexpr std::string_view ccpa_pii[] = {"household", "purchase history", "browsing history",
                                                "search history", "consumer profile"};

inline constexpr std::string_view hipaa_phi[] = {
    // who
    "patient", "medical record", "^mrn$", "mrn number", "patient mrn", "health record", "ehr", "emr id",
    "encounter id", "health plan", "beneficiary", "member id", "member number", "subscriber id",
    "insurance id", "insurance number", "insurance policy", "policy number", "insured", "group number",
    "claim number", "claim id", "account number", "account no", "acct number", "certificate number",
    "license number", "license plate", "vehicle id", "^vin$", "vin number", "device id", "device serial",
    "^ip$", "ip address", "ip addr", "client ip", "remote ip", "remote addr", "forwarded for",
    // medical data and dates
    "diagnosis", "diagnoses", "diagnostic code", "icd 9", "icd 10", "icd code", "procedure code", "cpt code",
    "prescription", "medication", "dosage", "drug", "allergy", "allergies", "symptom", "treatment", "therapy",
    "lab result", "lab test", "blood type", "blood group", "blood pressure", "heart rate", "vital signs",
    "immunization", "vaccination", "genetic", "disability", "pregnant", "pregnancy", "hiv", "medical history",
    "medical condition", "health condition", "health status", "admission date", "discharge date",
    "date of death", "death date", "physician", "doctor name"};

inline constexpr std::string_view pci_dss[] = {
    // the number
    "^card$", "credit card", "debit card", "payment card", "bank card", "card number", "card no", "card num",
    "card nr", "cc number", "cc num", "cc no", "^ccn$", "^pan$", "card pan", "full pan", "pan number",
    "primary account", "dpan", "fpan",
    // related data
    "*cvv", "*cvc", "cvn", "^csc$", "card cid", "security code", "card code", "card verification",
    "service code", "card expiry", "card expiration", "card exp", "cc exp", "expiry month", "expiry year",
    "expiration month", "expiration year", "exp month", "exp year", "cardholder", "card holder", "card owner",
    "name on card", "card token", "payment token",
    // what must never be stored
    "pin", "pincode", "pin block", "track 1", "track 2", "track data", "magnetic stripe", "magstripe",
    "emv data", "icc data", "chip data", "cryptogram", "cavv",
    // the related account
    "iban", "bank account", "account number", "account no", "account num", "acct number", "acct no",
    "acct num", "routing number", "sort code"};

inline constexpr std::string_view credentials[] = {
    // passwords
    "*password", "*passwd", "*passphrase", "*passcode", "pass word", "pass phrase", "pwd", "^pass$",
    "user pass", "db pass", "database pass", "admin pass", "root pass", "login pass", "smtp pass", "ftp pass",
    "pw", "psk", "pword", "passw", "pswd", "passwrd", "auth pass", "key pass", "store pass", "keystore pass",
    "truststore pass", "sudo pass", "service pass", "vpn pass", "wifi pass", "email pass", "account pass",
    "sql pass", "mssql pass", "oracle pass", "rabbitmq pass", "amqp pass", "mqtt pass", "elastic pass",
    "kafka pass", "api pass", "app pass", "client pass", "server pass", "master pass", "new pass", "old pass",
    "current pass", "require pass", "ssl pass", "cert pass", "pfx pass", "bind pass", "git pass",
    "docker pass", "registry pass", "bot pass", "pass key", "pass in", "pass out", "ssh pass", "mysql pass",
    "postgres pass", "pg pass", "redis pass", "mongo pass", "ldap pass", "proxy pass", "mail pass",
    "*passwort", "*kennwort", "contrasena", "contrase\u00F1a", "mot de passe", "wachtwoord", "senha",
    "^pass 1$", "^pass 2$", "sftp pass", "ftps pass", "imap pass", "pop 3 pass", "become pass",
    "ansible pass", "ipmi pass", "bmc pass", "idrac pass", "ilo pass", "rdp pass", "vnc pass", "telnet pass",
    "radius pass", "^domain pass$", "^host pass$", "^jump pass$", "nas pass", "smb pass", "cifs pass",
    "^share pass$", "jdbc pass", "datasource pass", "influx pass", "cassandra pass", "couch pass",
    "clickhouse pass", "grafana pass", "jenkins pass", "nexus pass", "zabbix pass", "p 12 pass", "^zip pass$",
    "wpa pass", "hotspot pass", "^tls pass$", "priv pass", "privacy pass", "userpw", "rootpw", "adminpw",
    "dbpw", "psw", "pass code", "unlock code", "code verifier", "snmp community", "community string",
    "kerberos ticket", "service account json", "^tok$", "access tok", "auth tok", "api tok", "access tkn",
    "auth tkn", "api tkn", "sonar login", "oauth verifier", "twilio auth", "connect sid", "slack webhook",
    "teams webhook", "discord webhook", "slack hook", "pre shared key", "preshared key", "cert key", "^kek$",
    "^dek$",
    // secrets and tokens
    "*secret", "*token", "jwt", "bearer", "*credential", "cred", "creds", "^auth$", "authorization",
    "authorisation", "auth header", "auth data", "auth info", "basic auth", "http auth", "proxy auth",
    "digest auth", "redis auth", "rediscli auth", "registry auth", "docker auth", "npm auth", "auth string",
    "^pat$", "github pat", "gh pat", "gitlab pat", "azure pat", "devops pat", "git pat", "bot pat",
    "personal access", "unseal key", "csrf", "xsrf", "saml response", "saml assertion", "client assertion",
    "sas signature", "amz signature", "access signature", "^magic link$", "^magic url$", "^login link$",
    "webhook signature key",
    // keys
    "*apikey", "api key", "access key", "*accesskey", "*secretkey", "*signingkey", "*encryptionkey",
    "secret key", "private key", "*privatekey", "priv key", "jwk private", "pgp private", "gpg private",
    "rsa private", "ssh private", "private jwk", "private pem", "signing key", "encryption key",
    "decryption key", "master key", "shared key", "session key", "symmetric key", "ssh key", "pgp key",
    "gpg key", "tls key", "ssl key", "aes key", "rsa key", "hmac key", "account key", "storage key",
    "service key", "client key", "auth key", "app key", "license key", "deploy key", "webhook key",
    "server key", "subscription key", "functions key", "consumer key", "security key", "cipher key",
    "crypt key", "crypto key", "encrypt key", "decrypt key", "enc key", "dec key", "wrapping key",
    "activation key", "tacacs key", "radius key", "snmp key", "signature key", "write key", "admin key",
    "root key", "key material", "age key", "integration key", "recovery key", "bot key", "sas key", "sas url",
    "maps key", "xprv", "^pem$", "key pem", "pem key", "ssl pem", "id rsa", "seed words",
    // keys of services
    "stripe key", "sendgrid key", "twilio key", "openai key", "anthropic key", "claude key", "gemini key",
    "cohere key", "mistral key", "groq key", "mailgun key", "mailchimp key", "mandrill key", "postmark key",
    "sparkpost key", "brevo key", "github key", "gitlab key", "bitbucket key", "slack key", "discord key",
    "telegram key", "aws key", "azure key", "gcp key", "google key", "firebase key", "heroku key",
    "cloudflare key", "digitalocean key", "linode key", "vultr key", "hetzner key", "datadog key", "dd key",
    "newrelic key", "relic key", "sentry key", "rollbar key", "bugsnag key", "amplitude key", "mixpanel key",
    "algolia key", "elastic key", "mapbox key", "paypal key", "braintree key", "adyen key", "plaid key",
    "razorpay key", "shopify key", "twitter key", "facebook key", "linkedin key", "dropbox key", "notion key",
    "airtable key", "asana key", "jira key", "trello key", "zendesk key", "intercom key", "hubspot key",
    "salesforce key", "okta key", "auth 0 key", "vault key", "npm key", "nuget key", "artifactory key",
    "sonar key", "snyk key", "codecov key", "jenkins key", "pagerduty key", "opsgenie key", "grafana key",
    "honeycomb key", "launchdarkly key", "giphy key", "unsplash key", "youtube key", "spotify key",
    "binance key", "coinbase key", "kraken key", "alchemy key", "infura key", "etherscan key", "fcm key",
    "apns key", "onesignal key", "pusher key", "ably key", "vonage key", "nexmo key", "messagebird key",
    "plivo key", "supabase key", "netlify key", "vercel key", "huggingface key", "hf key", "replicate key",
    "pinecone key", "deepl key", "openweather key", "weather key", "recaptcha key", "captcha key",
    "hcaptcha key", "turnstile key", "smtp key", "ftp key", "vpn key", "wifi key", "wpa key", "wireguard key",
    // others
    "wallet key", "wallet seed", "master seed", "hd seed", "seed hex", "seed phrase", "recovery phrase",
    "mnemonic", "kubeconfig", "password salt",
    // sessions
    "*cookie", "session id", "sess id", "*sessionid", "*sessid", "^sid$", "session cookie", "laravel session",
    "ci session", "flask session", "django session", "php session", "rack session", "express session",
    // one-time codes
    "pin", "pincode", "otp", "totp", "hotp", "one time code", "verification code", "auth code",
    "authorization code", "access code", "mfa code", "factor code", "2 fa code", "recovery code",
    "backup code", "reset code", "login code", "sms code", "activation code", "pairing code",
    "one time password", "security answer", "secret answer",
    // connections
    "connection string", "connection str", "conn string", "conn str", "*dsn", "database url", "database uri",
    "db url", "db uri"};

}  // namespace fapilog::inline v0_1::detail::preset_names
