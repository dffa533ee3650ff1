# certificates.sh - an authority, and certificates of people, made by openssl
#
# For suites that have sourced tests/system/harness.sh.  `authority` makes one
# in $CA, once for a suite; `person` somebody's key and certificate there.
# shellcheck shell=sh

authority() {
	CA=$SHUNIT_TMPDIR/ca
	mkdir "$CA" "$CA/new"
	: >"$CA/index"
	cat >"$CA/conf" <<-END
	[ca]
	default_ca = own
	[own]
	database = $CA/index
	new_certs_dir = $CA/new
	rand_serial = yes
	unique_subject = no
	certificate = $CA/ca.pem
	private_key = $CA/ca.key
	default_md = sha256
	default_days = 365
	policy = any
	copy_extensions = copy
	[any]
	commonName = optional
	emailAddress = optional
	[req]
	distinguished_name = none
	[none]
	END
	openssl req -x509 -config "$CA/conf" -newkey rsa:2048 -nodes \
	    -subj /CN=authority -days 365 -addext basicConstraints=CA:TRUE \
	    -keyout "$CA/ca.key" -out "$CA/ca.pem" 2>>"$CA/log"
}

# person NAME KEY ADDRESS [EXTENSION]...: $CA/NAME.pem and $CA/NAME.key; KEY is
# what -newkey takes, with options behind it, an extension a line as `keyUsage =
# keyEncipherment`.  $VALID are options for `openssl ca`, such as dates.
person() {
	_name=$1 _key=$2 _address=$3
	shift 3
	{
		printf '%s\n' '[req]' 'distinguished_name = none' \
		    'req_extensions = more' '[none]' '[more]' \
		    'basicConstraints = CA:FALSE' \
		    "subjectAltName = email:$_address" "$@"
	} >"$CA/$_name.conf"
	# shellcheck disable=SC2086 # options
	openssl req -config "$CA/$_name.conf" -new -newkey $_key -nodes \
	    -subj "/CN=$_name" -keyout "$CA/$_name.key" \
	    -out "$CA/$_name.csr" 2>>"$CA/log"
	# shellcheck disable=SC2086 # options
	openssl ca -batch -notext -config "$CA/conf" ${VALID-} \
	    -in "$CA/$_name.csr" -out "$CA/$_name.pem" 2>>"$CA/log" ||
	    fail "certificate of $_name: $(tail -3 "$CA/log")"
}
