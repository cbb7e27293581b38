package interop;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import net.sf.scuba.smartcards.CardFileInputStream;
import net.sf.scuba.smartcards.CardServiceException;
import org.jmrtd.AccessKeySpec;
import org.jmrtd.BACKey;
import org.jmrtd.DefaultFileSystem;
import org.jmrtd.PACEKeySpec;
import org.jmrtd.PassportService;
import org.jmrtd.lds.ActiveAuthenticationInfo;
import org.jmrtd.lds.CardAccessFile;
import org.jmrtd.lds.ChipAuthenticationInfo;
import org.jmrtd.lds.ChipAuthenticationPublicKeyInfo;
import org.jmrtd.lds.LDSFile;
import org.jmrtd.lds.LDSFileUtil;
import org.jmrtd.lds.PACEInfo;
import org.jmrtd.lds.SODFile;
import org.jmrtd.lds.SecurityInfo;
import org.jmrtd.lds.icao.COMFile;
import org.jmrtd.lds.icao.DG14File;
import org.jmrtd.lds.icao.DG15File;
import org.jmrtd.lds.icao.DG1File;
import org.jmrtd.protocol.AAResult;
import org.jmrtd.protocol.PACECAMResult;
import org.jmrtd.protocol.PACEResult;
import org.jmrtd.protocol.ReadBinaryAPDUSender;
import org.json.JSONArray;
import org.json.JSONObject;

/**
 * One chip read by JMRTD: access, the keys' files, active and chip authentication, then under the
 * new keys every other file, and passive authentication over all of them.
 *
 * <p>Each step that throws is reported under its name, and the reading goes on where it can.
 */
final class Reading {
  private static final int MAX_FILE = 1 << 20;

  private final JSONObject wanted;
  private final VirtualReader reader;
  private final PassportService service;
  private final int block;
  private final JSONObject result = new JSONObject();
  private final JSONObject errors = new JSONObject();
  private final JSONObject files = new JSONObject();
  private final Map<Integer, byte[]> groups = new TreeMap<>();
  private DG14File securityOptions;
  private DG15File activeKey;
  private SODFile sod;

  Reading(JSONObject wanted, VirtualReader reader) {
    this.wanted = wanted;
    this.reader = reader;
    this.block = wanted.optInt("block", PassportService.DEFAULT_MAX_BLOCKSIZE);
    this.service =
        new PassportService(
            reader,
            wanted.optInt("longest", PassportService.NORMAL_MAX_TRANCEIVE_LENGTH),
            wanted.optInt("longest", PassportService.NORMAL_MAX_TRANCEIVE_LENGTH),
            block,
            wanted.optBoolean("short_ids"),
            true);
  }

  JSONObject run() {
    result.put("name", wanted.getString("name"));
    try {
      if (step("open", service::open) && step("access", this::access)) {
        step("index", this::index);
        step("active", this::active);
        step("chip", this::chip);
        step("files", this::remainingFiles);
        step("passive", this::passive);
      }
    } finally {
      service.close();
    }
    result.put("files", files);
    result.put("errors", errors);
    result.put("commands", reader.exchanged());
    result.put("extended_commands", reader.extended());
    return result.put("longest_answer", reader.longestAnswer());
  }

  private void access() throws Exception {
    if (wanted.getString("access").equals("bac")) {
      service.sendSelectApplet(false);
      service.doBAC(mrz());
      result.put("access", new JSONObject().put("protocol", "BAC"));
      return;
    }
    byte[] cardAccess = read(service.getInputStream(PassportService.EF_CARD_ACCESS, block));
    file("EF.CardAccess", cardAccess);
    PACEInfo info = chosen(new CardAccessFile(new ByteArrayInputStream(cardAccess)));
    AccessKeySpec key =
        wanted.has("can") ? PACEKeySpec.createCANKey(wanted.getString("can")) : mrz();
    PACEResult pace =
        service.doPACE(
            key,
            info.getObjectIdentifier(),
            PACEInfo.toParameterSpec(info.getParameterId()),
            wanted.optBoolean("name_parameters") ? info.getParameterId() : null);
    result.put(
        "access",
        new JSONObject()
            .put("protocol", "PACE")
            .put("oid", info.getObjectIdentifier())
            .put("name", info.getProtocolOIDString())
            .put("parameters", info.getParameterId().intValue())
            .put("mapping", pace.getMappingType().toString()));
    if (pace instanceof PACECAMResult) {
      step("card security", () -> cardSecurity((PACECAMResult) pace));
    }
    service.sendSelectApplet(true);
  }

  private PACEInfo chosen(CardAccessFile cardAccess) {
    String oid = wanted.optString("pace", null);
    for (SecurityInfo info : cardAccess.getSecurityInfos()) {
      if (info instanceof PACEInfo && (oid == null || oid.equals(info.getObjectIdentifier()))) {
        return (PACEInfo) info;
      }
    }
    throw new IllegalStateException("EF.CardAccess does not offer " + oid);
  }

  /** Read in the master file, where PassportService itself would read without protection. */
  private void cardSecurity(PACECAMResult pace) throws Exception {
    DefaultFileSystem master = new DefaultFileSystem(new ReadBinaryAPDUSender(reader), false);
    master.setWrapper(service.getWrapper());
    master.selectFile(PassportService.EF_CARD_SECURITY);
    byte[] file = read(new CardFileInputStream(block, master));
    file("EF.CardSecurity", file);
    result.put(
        "chip_authentication_mapping",
        new JSONObject()
            .put("proven", Proofs.mapping(pace, file))
            .put("signature", Proofs.cardSecurity(file, csca())));
  }

  /** The files that name the others and hold the keys. */
  private void index() throws Exception {
    byte[] com = read(PassportService.EF_COM);
    file("EF.COM", com);
    JSONArray listed = new JSONArray();
    for (int tag : new COMFile(new ByteArrayInputStream(com)).getTagList()) {
      listed.put(LDSFileUtil.lookupDataGroupNumberByTag(tag));
    }
    result.put("listed", listed);
    byte[] bytes = read(PassportService.EF_SOD);
    file("EF.SOD", bytes);
    sod = new SODFile(new ByteArrayInputStream(bytes));
    if (wants(14)) {
      securityOptions = new DG14File(new ByteArrayInputStream(group(14)));
    }
    if (wants(15)) {
      activeKey = new DG15File(new ByteArrayInputStream(group(15)));
    }
  }

  private void active() throws Exception {
    if (activeKey == null) {
      return;
    }
    ActiveAuthenticationInfo info = null;
    if (securityOptions != null) {
      List<ActiveAuthenticationInfo> infos = securityOptions.getActiveAuthenticationInfos();
      info = infos.isEmpty() ? null : infos.get(0);
    }
    byte[] challenge = new byte[8];
    new SecureRandom().nextBytes(challenge);
    PublicKey key = activeKey.getPublicKey();
    AAResult answer = service.doAA(key, null, null, challenge);
    JSONObject active = new JSONObject().put("key", key.getAlgorithm());
    active.put("length", answer.getResponse().length);
    result.put(
        "active", active.put("proven", Proofs.active(key, info, challenge, answer.getResponse())));
  }

  /** Chip authentication; it is proven by the files that are read next, under its keys. */
  private void chip() throws Exception {
    if (securityOptions == null) {
      return;
    }
    for (ChipAuthenticationInfo info : securityOptions.getChipAuthenticationInfos()) {
      if (info.getVersion() == ChipAuthenticationInfo.VERSION_1 && asked(info)) {
        chip(info, keyOf(info));
        return;
      }
    }
  }

  private boolean asked(ChipAuthenticationInfo info) {
    return wanted.optString("chip", info.getObjectIdentifier()).equals(info.getObjectIdentifier());
  }

  private ChipAuthenticationPublicKeyInfo keyOf(ChipAuthenticationInfo info) {
    String agreement = ChipAuthenticationInfo.toKeyAgreementAlgorithm(info.getObjectIdentifier());
    for (ChipAuthenticationPublicKeyInfo key :
        securityOptions.getChipAuthenticationPublicKeyInfos()) {
      String own = ChipAuthenticationPublicKeyInfo.toKeyAgreementAlgorithm(key.getObjectIdentifier());
      if (agreement.equals(own) && Objects.equals(key.getKeyId(), info.getKeyId())) {
        return key;
      }
    }
    throw new IllegalStateException("no key for " + info.getProtocolOIDString());
  }

  private void chip(ChipAuthenticationInfo info, ChipAuthenticationPublicKeyInfo chip)
      throws Exception {
    String oid = info.getObjectIdentifier();
    service.doEACCA(
        info.getKeyId(), oid, chip.getObjectIdentifier(), chip.getSubjectPublicKey());
    JSONObject proof = new JSONObject().put("oid", oid);
    result.put("chip", proof.put("keys", service.getWrapper().getClass().getSimpleName()));
    byte[] mrz = group(1);
    proof.put("proven", new DG1File(new ByteArrayInputStream(mrz)).getMRZInfo() != null);
  }

  private void remainingFiles() throws Exception {
    for (Object number : wanted.getJSONArray("groups")) {
      if (!groups.containsKey((Integer) number)) {
        byte[] bytes = group((Integer) number);
        LDSFile parsed =
            LDSFileUtil.getLDSFile(
                LDSFileUtil.lookupFIDByDataGroupNumber((Integer) number),
                new ByteArrayInputStream(bytes));
        files.getJSONObject("DG" + number).put("parsed", parsed.getClass().getSimpleName());
      }
    }
  }

  private void passive() throws Exception {
    if (sod != null) {
      result.put("passive", Proofs.passive(sod, groups, csca()));
    }
  }

  private boolean wants(int number) {
    return wanted.getJSONArray("groups").toList().contains(number);
  }

  private byte[] group(int number) throws Exception {
    byte[] bytes = read(LDSFileUtil.lookupFIDByDataGroupNumber(number));
    groups.put(number, bytes);
    file("DG" + number, bytes);
    return bytes;
  }

  private void file(String name, byte[] bytes) throws Exception {
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
    files.put(
        name,
        new JSONObject()
            .put("length", bytes.length)
            .put("sha256", HexFormat.of().formatHex(hash)));
  }

  private byte[] read(short id) throws CardServiceException, IOException {
    return read(service.getInputStream(id, block));
  }

  private static byte[] read(InputStream file) throws IOException {
    byte[] bytes = file.readNBytes(MAX_FILE);
    if (bytes.length == MAX_FILE) {
      throw new IOException("the file does not end");
    }
    return bytes;
  }

  private BACKey mrz() {
    JSONObject mrz = wanted.getJSONObject("mrz");
    return new BACKey(
        mrz.getString("document_number"), mrz.getString("birth"), mrz.getString("expiry"));
  }

  private X509Certificate csca() throws Exception {
    return Proofs.certificate(Base64.getDecoder().decode(wanted.getString("csca")));
  }

  private interface Step {
    void run() throws Exception;
  }

  private boolean step(String name, Step step) {
    try {
      step.run();
      return true;
    } catch (Exception e) {
      StringBuilder chain = new StringBuilder();
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        chain.append(chain.length() == 0 ? "" : ": ").append(cause);
      }
      errors.put(name, chain.toString());
      return false;
    }
  }
}
