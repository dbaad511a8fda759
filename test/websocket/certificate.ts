/** A self-signed certificate for 127.0.0.1, valid for a hundred years; made for these tests and used nowhere else. */
export const cert = `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUAvAjGFTfjb9VV+V48SAAB2V7DlEwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDAwMTMwMFoYDzIxMjYxMDMx
MDAxMzAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASepHxIVvmPKJMdl9+11+goaHVba8pJnZ4PPybuq0IO8pn0cmk+SreL
l3kay6flmx1lGkDkg43t9hvkrCtgG3mgo28wbTAdBgNVHQ4EFgQUn8RPnyCNccGu
rFJ7vt16oBgHMqAwHwYDVR0jBBgwFoAUn8RPnyCNccGurFJ7vt16oBgHMqAwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
zj0EAwIDSQAwRgIhAPUnj9cRyYIov5atakgLpNCZMChwgHcrEhaA6ja2EIwZAiEA
2QhpF0JysE9ZyyEOWDZu1Uq8hgcFabyCvJ5A8/EZVVo=
-----END CERTIFICATE-----`;

export const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgl/OMCN13srBLSUAM
zKq09BreAkA/kWWMCe/Qh8pgcWGhRANCAASepHxIVvmPKJMdl9+11+goaHVba8pJ
nZ4PPybuq0IO8pn0cmk+SreLl3kay6flmx1lGkDkg43t9hvkrCtgG3mg
-----END PRIVATE KEY-----`;
