# The messages between a phone and the server: one WebSocket binary message is
# one Cap'n Proto message in unpacked stream framing, at most 262,144 bytes.
#
# Ids and ordinals are the wire: never renumber, never reuse. Ordinals marked
# "reserved" are taken by a later schema of the reference system. What is marked
# "Kayle's" is not in any schema of it: an older peer ignores it.

@0xef7e0b8fbd1f2ab3;

# ---- phone to server ----

struct ClientMessage @0xa69fbd8048f81952 {
  union {
    hello @0 :ClientHello;
    phase @1 :PhaseUpdate;
    data @2 :DataPayload;
    shareSelection @3 :ShareSelection;
    # Kayle's. Sent to a server that said `chipAuthRelay`.
    chipAuth @4 :ChipAuthAnswers;
    chipAccess @5 :ChipAccess;
    deviceProof @6 :DeviceProof;
    # Sent to a server that said `handoffContext`.
    matchChoice @7 :MatchChoice;
    notMe @8 :NotMe;
  }
}

struct ClientHello @0x9dee23d00542c706 {
  attemptId @0 :Text;
  mobileWriteToken @1 :Text;
  deviceId @2 :Text;
  appVersion @3 :Text;
  # Reserved in the reference system: one text, bytes and a number. The names
  # keep their ordinals free of anything of ours.
  reserved4 @4 :Text;
  reserved5 @5 :Data;
  reserved6 @6 :UInt32;
  # Kayle's.
  flow @7 :Text;       # same_device, cross_device; empty: unknown
  deviceKey @8 :Data;  # empty, or a P-256 point, SEC1 uncompressed, 65 bytes
  confirms @9 :Bool;   # takes `handoffContext`, can send `matchChoice` and `notMe`
}

struct PhaseUpdate @0xe52dbf4a94625768 {
  phase @0 :Text;
  error @1 :Text;
  # Reserved in the reference system.
  reserved2 @2 :Data;
  # Kayle's. With nfc_reading: percent of the chip's bytes read, in steps of 10; 0: not
  # said. The phase is repeated for it, to a server that sent `handoffContext`.
  progress @3 :UInt8;
}

enum DataKind @0x8a217743a6611db0 {
  dg1 @0;
  dg2 @1;
  sod @2;
  selfie @3;
  dg14 @4;
  dg15 @5;
  activeAuth @6;
  chipAuth @7;
  # Reserved: @8.
}

struct DataPayload @0xd4dca67caa92a8d0 {
  kind @0 :DataKind;
  raw @1 :Data;
  index @2 :UInt32;
  total @3 :UInt32;
  chunkIndex @4 :UInt32;
  chunkTotal @5 :UInt32;
}

struct ShareSelection @0xe2819d222938b62b {
  sessionId @0 :Text;
  selectedFieldKeys @1 :List(Text);
}

# Kayle's. What the chip answered to the last `ChipAuthCommands`: response APDUs
# with their status words. Without any: the chip is in the field, begin.
struct ChipAuthAnswers @0xc8bb9ec7510f1c83 {
  answers @0 :List(Data);
}

# Kayle's. How the phone got access to the chip, in its own words.
struct ChipAccess @0xcd668e6a0a8281f4 {
  access @0 :Text;     # pace_gm, pace_im, pace_cam, bac
  downgrade @1 :Text;  # empty, pace_failed, pace_unsupported, card_access_malformed, pace_hidden
  mapping @2 :Text;    # PACE-CAM: empty, not_run, no_key, proven, failed
}

# Kayle's. The device key's signature over the statement that the nonce of the
# last `DeviceChallenge` goes into (docs/PROTOCOL.md): ECDSA with SHA-256, DER.
struct DeviceProof @0x9f1c5b7a2d3e8461 {
  signature @0 :Data;
}

# Kayle's. The one of `HandoffContext.choices` that the page shows.
struct MatchChoice @0xb7d20c4e9a615f38 {
  choice @0 :Text;
}

# Kayle's. The holder did not open the page that the context describes.
struct NotMe @0xe3a86f1195c2d04b {
}

# ---- server to phone ----

struct ServerMessage @0xa8aab2ada3e8c173 {
  union {
    ack @0 :ServerAck;
    error @1 :ServerError;
    verdict @2 :ServerVerdict;
    shareRequest @3 :ShareRequest;
    shareReady @4 :ShareReady;
    activeAuthChallenge @5 :ServerActiveAuthChallenge;
    reserved6 @6 :AnyPointer;
    # Kayle's.
    chipAuth @7 :ChipAuthCommands;
    deviceChallenge @8 :DeviceChallenge;
    handoffContext @9 :HandoffContext;
  }
}

struct ServerAck @0x9177b4baf9a445f5 {
  message @0 :Text;
}

struct ServerError @0xf8b45abae3ed758a {
  code @0 :Text;
  message @1 :Text;
}

enum VerdictOutcome @0xdb7e26de05e31a79 {
  accepted @0;
  rejected @1;
}

struct ServerVerdict @0x9644c88dec89ec95 {
  outcome @0 :VerdictOutcome;
  reasonCode @1 :Text;
  reasonMessage @2 :Text;
  retryAllowed @3 :Bool;
  remainingAttempts @4 :UInt32;
}

struct ShareRequest @0xd36abd2b5a28b6cb {
  contractVersion @0 :UInt32;
  sessionId @1 :Text;
  fields @2 :List(ShareRequestField);
}

struct ShareRequestField @0xd98e01f39cf5c7c2 {
  key @0 :Text;
  reason @1 :Text;
  required @2 :Bool;
}

struct ShareReady @0x9101ffe5219d183e {
  sessionId @0 :Text;
  selectedFieldKeys @1 :List(Text);
}

struct ServerActiveAuthChallenge @0xf4a8920a29ec9289 {
  challenge @0 :Data;
  # Kayle's. The server takes `chipAuth` and `chipAccess`.
  chipAuthRelay @1 :Bool;
}

# Kayle's. Command APDUs for the chip; without any there is nothing to relay.
struct ChipAuthCommands @0xaf7ab3d616ab5d76 {
  commands @0 :List(Data);
  # True: protected by the server, to be passed on as they are. False: to be put
  # under the session that the phone has with the chip.
  protected @1 :Bool;
}

# Kayle's. Answers a hello with a device key, before anything is claimed.
struct DeviceChallenge @0xd58e1b93f7460c2a {
  nonce @0 :Data;  # 32 bytes
}

# Kayle's. Who asks, and where the session was opened. Follows the challenge of
# active authentication, to a phone that said `confirms`. Empty: unknown.
struct HandoffContext @0x8c47d2e06b9a35f1 {
  organizationName @0 :Text;
  browser @1 :Text;
  os @2 :Text;
  place @3 :Text;
  network @4 :Text;         # same, different, unknown
  choices @5 :List(Text);   # three, or none if no match code is asked for
  fields @6 :List(ShareRequestField);
  locale @7 :Text;          # BCP 47: the language that the page was agreed to in
}
