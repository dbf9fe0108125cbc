export const HELP = `Reads AT Protocol repositories from CAR files, keeps them, and runs a relay.

  cairn inspect FILE [--did-doc FILE] [--plc-log FILE] [--json]
      Says what is in the file and whether it is sound: every block, the whole tree, every record.
  cairn verify FILE --did-doc FILE [--plc-log FILE] [--json]
      The same, and the signature must be the account's.
  cairn export FILE --to jsonl [--out FILE]
      Writes every record as a line of JSON, in key order, to FILE or standard output.
  cairn pack FILE [--json]
      Says what is in a sync pack (SSP1) or in a table of one (SBT1, plain or gzip), and whether it is sound.

  cairn keep FILE-or-HANDLE [--did-doc FILE] [--plc-log FILE] [--data DIR] [--store-limit BYTES]
      Puts a repo into the store of a data folder, from a CAR file or from where the account lives.
  cairn serve [options]
      Runs the relay, the store and the app on one port. npm start does the same after building the app.

  --did-doc FILE   the account's DID document, or the identity.json of a backup
  --plc-log FILE   the account's PLC audit log: past keys count too, and the keys prove themselves
  --json           one JSON object instead of words

Options of serve:
  --port N, --host ADDRESS     where to listen: 4680 and 127.0.0.1 (this machine only)
  --data DIR                   identity and store: .cairn-data beside the program
  --public-url URL             where others reach it: https://relay.example.org
  --tls-cert FILE, --tls-key FILE   TLS of its own (PEM); SIGHUP reads them again
  --trust-proxy ADDRESS        a proxy on another machine, or a block (10.0.0.0/8), that says who asks
  --peer URL-or-MULTIADDR      another relay to join; may be given again
  --stun stun:HOST:PORT        told to peers; may be given again; none for none
  --admission open|token|allow-list   who may have repos kept: open
  --token TEXT, --allow DID-or-PEER-ID   for these; may be given again; CAIRN_TOKEN is a token too
  --store-limit BYTES          of all that is kept: 20G
  --space-limit BYTES          of one group space: 1G
  --no-spaces                  keep no group spaces and nothing for join links
  --limit NAME=NUMBER          a limit of relay.json; may be given again
  --allow-local                reach private addresses for others
  --plc URL                    the PLC directory
  --no-app                     serve no app
  --log LEVEL                  error, warn, info or debug
Environment: PORT, HOST, CAIRN_DATA, CAIRN_TOKEN.

Exit status: 0 sound, 1 refused, 2 wrong usage.
`
