/**
 * A certificate for localhost, 127.0.0.1 and ::1 that is its own authority, valid from 2020 to 2120, with its key.
 * TEST KEY: it is public on purpose, so trust it nowhere.
 */

export const localhostCertificate = `-----BEGIN CERTIFICATE-----
MIIBejCCAR+gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCclftEUdPk8+r++
JC1oWTv/GNeg8y6W9larLXki0bWYVXgTmZVHGoNCT3jvX6apgKnfywiozSEY9Dii
wukkSzqjYDBeMCwGA1UdEQQlMCOCCWxvY2FsaG9zdIcEfwAAAYcQAAAAAAAAAAAA
AAAAAAAAATAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBSuY7osJSBhOwpPc5Pi
hDhSIGWnlDAKBggqhkjOPQQDAgNJADBGAiEAvgNKuLfnaKavE0XhdTsEInWy5uzv
kD6xcKrNho8G+JcCIQCCeP/ZCyJvC2TaKo59OYtpLmT2GN4uc1cjHRexMvaX9Q==
-----END CERTIFICATE-----
`

export const localhostKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBPyQt/ZqevbWgZhc
oj5Z/OVQKr3KrxeMGFv32AKOj2ehRANCAAQnJX7RFHT5PPq/viQtaFk7/xjXoPMu
lvZWqy15ItG1mFV4E5mVRxqDQk9471+mqYCp38sIqM0hGPQ4osLpJEs6
-----END PRIVATE KEY-----
`
