/* Reads chips with OpenPACE's PACE and secure messaging. The first line printed names the port of
 * the virtual reader (vsmartcard's protocol); then each line of standard input describes one case,
 * whose card must connect, and is answered by one line.
 *
 * OpenPACE knows no files: selecting, reading and the framing of protected APDUs are made here;
 * every key, mapping, token, cipher and MAC is OpenPACE's. */

#include <arpa/inet.h>
#include <eac/eac.h>
#include <eac/pace.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define LONGEST 65536
#define MAX_FILE (1 << 20)

typedef struct {
  unsigned char at[LONGEST];
  size_t length;
} Bytes;

typedef struct {
  int card;
  EAC_CTX *eac;
  int is_protected;
  int commands;
  int extended;
  char why[200];
} Session;

static int fail(Session *s, const char *format, ...) {
  if (s->why[0] == 0) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(s->why, sizeof s->why, format, arguments);
    va_end(arguments);
  }
  return 0;
}

static void put(Bytes *to, const void *bytes, size_t length) {
  if (to->length + length > LONGEST) abort();
  memcpy(to->at + to->length, bytes, length);
  to->length += length;
}

static void put_byte(Bytes *to, int byte) {
  unsigned char one = (unsigned char)byte;
  put(to, &one, 1);
}

/* Tag, DER length, value. */
static void put_object(Bytes *to, int tag, const void *value, size_t length) {
  put_byte(to, tag);
  if (length > 0xFF) {
    put_byte(to, 0x82);
    put_byte(to, (int)(length >> 8));
  } else if (length > 0x7F) {
    put_byte(to, 0x81);
  }
  put_byte(to, (int)(length & 0xFF));
  put(to, value, length);
}

/* The value of the object that starts at *at, if it has the tag; moves behind it. */
static const unsigned char *object(const Bytes *in, size_t *at, int tag, size_t *length) {
  size_t i = *at;
  if (i + 2 > in->length || in->at[i] != tag) return NULL;
  *length = in->at[i + 1];
  i += 2;
  if (*length > 0x80) {
    size_t octets = *length - 0x80;
    if (octets > 2 || i + octets > in->length) return NULL;
    for (*length = 0; octets > 0; octets--) *length = *length << 8 | in->at[i++];
  }
  if (i + *length > in->length) return NULL;
  *at = i + *length;
  return in->at + i;
}

static BUF_MEM *buffer(const void *bytes, size_t length) {
  BUF_MEM *made = BUF_MEM_new();
  if (made == NULL || BUF_MEM_grow(made, length) != length) abort();
  memcpy(made->data, bytes, length);
  return made;
}

static int receive(Session *s, Bytes *message) {
  unsigned char length[2];
  if (recv(s->card, length, 2, MSG_WAITALL) != 2) return fail(s, "the card is gone");
  message->length = (size_t)length[0] << 8 | length[1];
  if (recv(s->card, message->at, message->length, MSG_WAITALL) != (ssize_t)message->length)
    return fail(s, "the card is gone");
  return 1;
}

static int exchange(Session *s, const Bytes *command, Bytes *answer) {
  Bytes *framed = calloc(1, sizeof *framed);
  put_byte(framed, (int)(command->length >> 8));
  put_byte(framed, (int)(command->length & 0xFF));
  put(framed, command->at, command->length);
  ssize_t sent = send(s->card, framed->at, framed->length, MSG_NOSIGNAL);
  int whole = sent == (ssize_t)framed->length;
  free(framed);
  s->commands++;
  if (!whole || !receive(s, answer)) return fail(s, "the card is gone");
  return answer->length >= 2 ? 1 : fail(s, "an answer without a status word");
}

static int status(const Bytes *answer) {
  return answer->at[answer->length - 2] << 8 | answer->at[answer->length - 1];
}

static void order(Session *s, int what) {
  unsigned char message[3] = {0, 1, (unsigned char)what};
  send(s->card, message, 3, MSG_NOSIGNAL);
}

/* One command as it goes over the air; le < 0: none. Long data makes it extended. */
static int send_command(Session *s, int cla, int ins, int p1, int p2, const unsigned char *data,
                        size_t length, int le, Bytes *answer) {
  Bytes *command = calloc(1, sizeof *command);
  put(command, (unsigned char[]){(unsigned char)cla, (unsigned char)ins, (unsigned char)p1,
                                 (unsigned char)p2}, 4);
  int is_extended = length > 255 || le > 256;
  if (is_extended) {
    put_byte(command, 0);
    s->extended++;
  }
  if (length > 0) {
    if (is_extended) put_byte(command, (int)(length >> 8));
    put_byte(command, (int)(length & 0xFF));
    put(command, data, length);
  }
  if (le >= 0) {
    if (is_extended) put_byte(command, le >> 8 & 0xFF);
    put_byte(command, le & 0xFF);
  }
  int sent = exchange(s, command, answer);
  free(command);
  return sent;
}

static void put_padded(Session *s, Bytes *to, const void *bytes, size_t length) {
  BUF_MEM *plain = buffer(bytes, length);
  BUF_MEM *padded = EAC_add_iso_pad(s->eac, plain);
  if (padded == NULL) abort();
  put(to, padded->data, padded->length);
  BUF_MEM_free(plain);
  BUF_MEM_free(padded);
}

static BUF_MEM *mac(Session *s, const Bytes *over) {
  BUF_MEM *data = buffer(over->at, over->length);
  BUF_MEM *made = EAC_authenticate(s->eac, data);
  BUF_MEM_free(data);
  return made;
}

/* 9303-11 9.8: DO87, DO97, DO8E; the answer becomes plain. */
static int protect_and_send(Session *s, int ins, int p1, int p2, const unsigned char *data,
                            size_t length, int le, Bytes *answer) {
  unsigned char header[4] = {0x0C, (unsigned char)ins, (unsigned char)p1, (unsigned char)p2};
  Bytes *over = calloc(1, sizeof *over), *body = calloc(1, sizeof *body);
  Bytes *plain = calloc(1, sizeof *plain);
  int done = 0;
  BUF_MEM *made = NULL, *opened = NULL;
  EAC_increment_ssc(s->eac);
  if (length > 0) {
    put_padded(s, plain, data, length);
    BUF_MEM *clear = buffer(plain->at, plain->length);
    BUF_MEM *cipher = EAC_encrypt(s->eac, clear);
    BUF_MEM_free(clear);
    if (cipher == NULL) abort();
    plain->length = 0;
    put_byte(plain, 1);
    put(plain, cipher->data, cipher->length);
    put_object(body, 0x87, plain->at, plain->length);
    BUF_MEM_free(cipher);
  }
  if (le >= 0) put_object(body, 0x97, (unsigned char[]){(unsigned char)le}, 1);
  put_padded(s, over, header, sizeof header);
  if (body->length > 0) put_padded(s, over, body->at, body->length);
  made = mac(s, over);
  if (made == NULL || made->length < 8) abort();
  put_object(body, 0x8E, made->data, 8);
  BUF_MEM_free(made);
  made = NULL;
  if (!send_command(s, 0x0C, ins, p1, p2, body->at, body->length, 0, answer)) goto end;
  EAC_increment_ssc(s->eac);

  size_t at = 0, size = 0, signed_to;
  const unsigned char *sealed = object(answer, &at, 0x87, &size);
  size_t sealed_size = size;
  const unsigned char *word = object(answer, &at, 0x99, &size);
  signed_to = at;
  const unsigned char *sum = object(answer, &at, 0x8E, &size);
  if (word == NULL || sum == NULL || size != 8) {
    fail(s, "unprotected answer, status %04X", status(answer));
    goto end;
  }
  over->length = 0;
  put_padded(s, over, answer->at, signed_to);
  made = mac(s, over);
  if (made == NULL || memcmp(made->data, sum, 8) != 0) {
    fail(s, "the MAC of an answer is wrong");
    goto end;
  }
  unsigned char status_word[2] = {word[0], word[1]};
  plain->length = 0;
  if (sealed != NULL) {
    if (sealed_size < 2 || sealed[0] != 1) {
      fail(s, "DO87 without padding indicator");
      goto end;
    }
    BUF_MEM *cipher = buffer(sealed + 1, sealed_size - 1);
    BUF_MEM *padded = EAC_decrypt(s->eac, cipher);
    opened = padded == NULL ? NULL : EAC_remove_iso_pad(padded);
    BUF_MEM_free(cipher);
    BUF_MEM_free(padded);
    if (opened == NULL) {
      fail(s, "DO87 cannot be opened");
      goto end;
    }
    put(plain, opened->data, opened->length);
  }
  answer->length = 0;
  put(answer, plain->at, plain->length);
  put(answer, status_word, 2);
  done = 1;
end:
  BUF_MEM_free(made);
  BUF_MEM_free(opened);
  free(over);
  free(body);
  free(plain);
  return done;
}

static int command(Session *s, int ins, int p1, int p2, const void *data, size_t length, int le,
                   Bytes *answer) {
  return s->is_protected ? protect_and_send(s, ins, p1, p2, data, length, le, answer)
                         : send_command(s, 0, ins, p1, p2, data, length, le, answer);
}

static int select_by(Session *s, int p1, const void *name, size_t length) {
  Bytes *answer = calloc(1, sizeof *answer);
  int selected = command(s, 0xA4, p1, 0x0C, name, length, -1, answer) &&
                 (status(answer) == 0x9000 || fail(s, "SELECT: status %04X", status(answer)));
  free(answer);
  return selected;
}

static int read_file(Session *s, int id, int block, Bytes *file) {
  unsigned char name[2] = {(unsigned char)(id >> 8), (unsigned char)id};
  if (!select_by(s, 0x02, name, 2)) return 0;
  Bytes *answer = calloc(1, sizeof *answer);
  size_t whole = 4;
  int is_read = 1;
  file->length = 0;
  while (is_read && file->length < whole) {
    size_t left = whole - file->length;
    int le = left < (size_t)block ? (int)left : block;
    is_read = command(s, 0xB0, (int)(file->length >> 8), (int)(file->length & 0xFF), NULL, 0, le,
                      answer) &&
              ((status(answer) == 0x9000 && answer->length > 2) ||
               fail(s, "READ BINARY: status %04X", status(answer)));
    if (!is_read) break;
    put(file, answer->at, answer->length - 2);
    if (whole == 4) {
      if (file->length < 4) break;
      int octets = file->at[1] > 0x80 ? file->at[1] - 0x80 : 0;
      if (octets > 2) {
        is_read = fail(s, "a file of more than 64 KB");
        break;
      }
      whole = octets == 0 ? file->at[1] : 0;
      for (int i = 0; i < octets; i++) whole = whole << 8 | file->at[2 + i];
      whole += 2 + (size_t)octets;
    }
  }
  free(answer);
  return is_read;
}

/* One GENERAL AUTHENTICATE: a 7C with one object, and the object of the answer. */
static BUF_MEM *step(Session *s, int tag, const BUF_MEM *data, int answer_tag, int is_last) {
  Bytes *inner = calloc(1, sizeof *inner), *outer = calloc(1, sizeof *outer);
  Bytes *answer = calloc(1, sizeof *answer);
  BUF_MEM *found = NULL;
  if (data != NULL) put_object(inner, tag, data->data, data->length);
  put_object(outer, 0x7C, inner->at, inner->length);
  int le = outer->length > 255 ? 65536 : 256;
  if (send_command(s, is_last ? 0 : 0x10, 0x86, 0, 0, outer->at, outer->length, le, answer)) {
    size_t at = 0, size = 0;
    const unsigned char *value = NULL;
    if (status(answer) == 0x9000 && (value = object(answer, &at, 0x7C, &size)) != NULL) {
      memmove(inner->at, value, size);
      inner->length = size;
      at = 0;
      value = object(inner, &at, answer_tag, &size);
    }
    if (value != NULL) found = buffer(value, size);
    else fail(s, "GENERAL AUTHENTICATE %02X: status %04X", tag, status(answer));
  }
  free(inner);
  free(outer);
  free(answer);
  return found;
}

static int run_pace(Session *s, const Bytes *card_access, const char *secret, int is_can,
                    json_t *result) {
  if (!EAC_CTX_init_ef_cardaccess(card_access->at, card_access->length, s->eac) ||
      s->eac->pace_ctx == NULL)
    return fail(s, "OpenPACE refuses EF.CardAccess");
  PACE_CTX *pace = s->eac->pace_ctx;
  char oid[100];
  const ASN1_OBJECT *protocol = OBJ_nid2obj(pace->protocol);
  OBJ_obj2txt(oid, sizeof oid, protocol, 1);
  json_object_set_new(result, "oid", json_string(oid));
  json_object_set_new(result, "protocol", json_string(OBJ_nid2sn(pace->protocol)));

  Bytes *mse = calloc(1, sizeof *mse), *answer = calloc(1, sizeof *answer);
  put_object(mse, 0x80, OBJ_get0_data(protocol), OBJ_length(protocol));
  put_object(mse, 0x83, (unsigned char[]){is_can ? 2 : 1}, 1);
  int done = send_command(s, 0, 0x22, 0xC1, 0xA4, mse->at, mse->length, -1, answer) &&
             (status(answer) == 0x9000 || fail(s, "MSE:Set AT: status %04X", status(answer)));
  free(mse);
  free(answer);
  if (!done) return 0;

  PACE_SEC *password = PACE_SEC_new(secret, strlen(secret), is_can ? PACE_CAN : PACE_MRZ);
  if (password == NULL) return fail(s, "OpenPACE refuses the password");
  BUF_MEM *nonce = NULL, *mine = NULL, *mapping = NULL, *my_key = NULL, *key = NULL;
  BUF_MEM *my_token = NULL, *token = NULL;
  const char *at = "nonce";
  done = (nonce = step(s, 0, NULL, 0x80, 0)) != NULL &&
         PACE_STEP2_dec_nonce(s->eac, password, nonce) == 1 && (at = "mapping data") &&
         (mine = PACE_STEP3A_generate_mapping_data(s->eac)) != NULL &&
         (mapping = step(s, 0x81, mine, 0x82, 0)) != NULL && (at = "mapping") &&
         PACE_STEP3A_map_generator(s->eac, mapping) == 1 && (at = "key") &&
         (my_key = PACE_STEP3B_generate_ephemeral_key(s->eac)) != NULL &&
         (key = step(s, 0x83, my_key, 0x84, 0)) != NULL && (at = "agreement") &&
         PACE_STEP3B_compute_shared_secret(s->eac, key) == 1 &&
         PACE_STEP3C_derive_keys(s->eac) == 1 && (at = "token") &&
         (my_token = PACE_STEP3D_compute_authentication_token(s->eac, key)) != NULL &&
         (token = step(s, 0x85, my_token, 0x86, 1)) != NULL && (at = "chip's token") &&
         PACE_STEP3D_verify_authentication_token(s->eac, token) == 1 &&
         EAC_CTX_set_encryption_ctx(s->eac, EAC_ID_PACE) == 1;
  if (!done) fail(s, "PACE fails at the %s", at);
  /* OpenPACE leaves leading zeros of a DH secret out; PKCS #3 does not (9303-11 table 13). */
  const BUF_MEM *agreed = pace->ka_ctx == NULL ? NULL : pace->ka_ctx->shared_secret;
  if (agreed != NULL && EVP_PKEY_base_id(pace->ka_ctx->key) == EVP_PKEY_DH)
    json_object_set_new(result, "secret_is_short",
                        json_boolean(agreed->length < (size_t)EVP_PKEY_size(pace->ka_ctx->key)));
  s->is_protected = done;
  PACE_SEC_clear_free(password);
  BUF_MEM *all[] = {nonce, mine, mapping, my_key, key, my_token, token};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) BUF_MEM_free(all[i]);
  return done;
}

static void report(json_t *files, const char *name, const Bytes *file) {
  unsigned char hash[32];
  char text[65];
  EVP_Digest(file->at, file->length, hash, NULL, EVP_sha256(), NULL);
  for (int i = 0; i < 32; i++) sprintf(text + 2 * i, "%02x", hash[i]);
  json_object_set_new(files, name,
                      json_pack("{s:i,s:s}", "length", (int)file->length, "sha256", text));
}

static void read_chip(Session *s, json_t *wanted, json_t *result) {
  static const unsigned char application[] = {0xA0, 0, 0, 2, 0x47, 0x10, 1};
  int block = 223;
  json_t *files = json_object();
  json_object_set_new(result, "files", files);
  Bytes *file = calloc(1, sizeof *file);
  const char *can = json_string_value(json_object_get(wanted, "can"));
  const char *zone = json_string_value(json_object_get(wanted, "zone"));
  size_t index;
  json_t *id;
  if (!read_file(s, 0x011C, block, file)) goto end;
  report(files, "EF.CardAccess", file);
  if (!run_pace(s, file, can != NULL ? can : zone, can != NULL, result)) goto end;
  if (!select_by(s, 0x04, application, sizeof application)) goto end;
  json_array_foreach(json_object_get(wanted, "ids"), index, id) {
    char name[20];
    sprintf(name, "%04X", (int)json_integer_value(id));
    if (!read_file(s, (int)json_integer_value(id), block, file)) goto end;
    report(files, name, file);
  }
end:
  free(file);
}

int main(void) {
  EAC_init();
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int slot = socket(AF_INET, SOCK_STREAM, 0);
  struct timeval patience = {.tv_sec = 30};
  setsockopt(slot, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (bind(slot, (struct sockaddr *)&address, size) != 0 || listen(slot, 1) != 0 ||
      getsockname(slot, (struct sockaddr *)&address, &size) != 0)
    return 1;
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
  char *line = NULL;
  size_t room = 0;
  while (getline(&line, &room, stdin) > 0) {
    json_t *wanted = json_loads(line, 0, NULL);
    json_t *result = json_object();
    Session session = {.card = accept(slot, NULL, NULL)};
    if (wanted == NULL || session.card < 0) return 1;
    setsockopt(session.card, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    session.eac = EAC_CTX_new();
    order(&session, 1);
    order(&session, 2);
    read_chip(&session, wanted, result);
    order(&session, 0);
    close(session.card);
    EAC_CTX_clear_free(session.eac);
    json_object_set_new(result, "commands", json_integer(session.commands));
    json_object_set_new(result, "extended_commands", json_integer(session.extended));
    json_object_set_new(result, "error", session.why[0] ? json_string(session.why) : json_null());
    char *text = json_dumps(result, JSON_COMPACT);
    puts(text);
    fflush(stdout);
    free(text);
    json_decref(wanted);
    json_decref(result);
  }
  free(line);
  EAC_cleanup();
  return 0;
}
