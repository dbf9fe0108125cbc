export const HELP = `Reads AT Protocol repositories from CAR files, without a network and without the app.

  cairn inspect FILE [--did-doc FILE] [--plc-log FILE] [--json]
      Says what is in the file and whether it is sound: every block, the whole tree, every record.
  cairn verify FILE --did-doc FILE [--plc-log FILE] [--json]
      The same, and the signature must be the account's.
  cairn export FILE --to jsonl [--out FILE]
      Writes every record as a line of JSON, in key order, to FILE or standard output.

  --did-doc FILE   the account's DID document, or the identity.json of a backup
  --plc-log FILE   the account's PLC audit log: past keys count too, and the keys prove themselves
  --json           one JSON object instead of words

Exit status: 0 sound, 1 refused, 2 wrong usage.
`
