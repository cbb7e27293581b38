package interop;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.IvParameterSpec;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1Set;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.crypto.Digest;
import org.bouncycastle.crypto.digests.SHA1Digest;
import org.bouncycastle.crypto.digests.SHA224Digest;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.digests.SHA384Digest;
import org.bouncycastle.crypto.digests.SHA512Digest;
import org.bouncycastle.crypto.engines.RSAEngine;
import org.bouncycastle.crypto.params.RSAKeyParameters;
import org.bouncycastle.crypto.signers.ISO9796d2Signer;
import org.jmrtd.Util;
import org.jmrtd.lds.ActiveAuthenticationInfo;
import org.jmrtd.lds.PACEInfo;
import org.jmrtd.lds.SODFile;
import org.jmrtd.protocol.PACECAMResult;
import org.jmrtd.protocol.PACEGMMappingResult;
import org.json.JSONObject;

/** What JMRTD leaves to its caller: the checks, made with Bouncy Castle. */
final class Proofs {
  private static final Provider BC = Util.getBouncyCastleProvider();
  /** id-PK-ECDH */
  private static final ASN1ObjectIdentifier EC_CHIP_KEY =
      new ASN1ObjectIdentifier("0.4.0.127.0.7.2.2.1.2");
  /** standardizedDomainParameters */
  private static final ASN1ObjectIdentifier STANDARDIZED =
      new ASN1ObjectIdentifier("0.4.0.127.0.7.1.2");

  private Proofs() {}

  /** Passive authentication (9303-11 5.1): signature, chain and each hash by itself. */
  static JSONObject passive(SODFile sod, Map<Integer, byte[]> groups, X509Certificate csca)
      throws Exception {
    X509Certificate signer = sod.getDocSigningCertificate();
    Signature signature = Signature.getInstance(sod.getDigestEncryptionAlgorithm(), BC);
    if (sod.getDigestEncryptionAlgorithmParams() != null) {
      signature.setParameter(sod.getDigestEncryptionAlgorithmParams());
    }
    signature.initVerify(signer.getPublicKey());
    signature.update(sod.getEContent());
    JSONObject result = new JSONObject();
    result.put("algorithm", sod.getDigestEncryptionAlgorithm());
    result.put("signature", signature.verify(sod.getEncryptedDigest()));
    result.put("chain", isIssuedBy(signer, csca));
    MessageDigest digest = MessageDigest.getInstance(sod.getDigestAlgorithm(), BC);
    JSONObject hashes = new JSONObject();
    for (Map.Entry<Integer, byte[]> entry : new TreeMap<>(sod.getDataGroupHashes()).entrySet()) {
      byte[] group = groups.get(entry.getKey());
      Object same =
          group == null
              ? JSONObject.NULL
              : (Object) Arrays.equals(entry.getValue(), digest.digest(group));
      hashes.put(entry.getKey().toString(), same);
    }
    return result.put("hashes", hashes);
  }

  /** Active authentication (9303-11 6.1) over the challenge that the reader drew. */
  static boolean active(
      PublicKey key, ActiveAuthenticationInfo info, byte[] challenge, byte[] answer)
      throws Exception {
    if (key instanceof RSAPublicKey) {
      return recovers((RSAPublicKey) key, challenge, answer);
    }
    String algorithm =
        ActiveAuthenticationInfo.lookupMnemonicByOID(info.getSignatureAlgorithmOID());
    String hash = algorithm.substring(0, algorithm.indexOf("with"));
    Signature signature = Signature.getInstance(hash + "withPLAIN-ECDSA", BC);
    signature.initVerify(key);
    signature.update(challenge);
    return signature.verify(answer);
  }

  /** PACE-CAM (9303-11 4.4.3.5.2): whether PK_Map,IC is CA_IC times a static key of the chip. */
  static boolean mapping(PACECAMResult result, byte[] cardSecurity) throws Exception {
    PACEGMMappingResult mapped = (PACEGMMappingResult) result.getMappingResult();
    ECPoint sent = ((ECPublicKey) mapped.getPICCMappingPublicKey()).getW();
    BigInteger data = Util.os2i(mappingData(result));
    CMSSignedData cms = new CMSSignedData(cardSecurity);
    for (ASN1Encodable info :
        ASN1Set.getInstance((byte[]) cms.getSignedContent().getContent())) {
      ASN1Sequence fields = ASN1Sequence.getInstance(info);
      if (fields.getObjectAt(0).equals(EC_CHIP_KEY)) {
        SubjectPublicKeyInfo key = SubjectPublicKeyInfo.getInstance(fields.getObjectAt(1));
        ECParameterSpec parameters = standardized(key);
        ECPoint point = Util.os2ECPoint(key.getPublicKeyData().getBytes());
        if (sent.equals(Util.multiply(data, point, parameters))) {
          return true;
        }
      }
    }
    return false;
  }

  /** With the initialization vector E(KSEnc, -1); JMRTD decrypts with -1 itself. */
  private static byte[] mappingData(PACECAMResult result) throws GeneralSecurityException {
    SecretKey key = result.getWrapper().getEncryptionKey();
    byte[] ones = new byte[16];
    Arrays.fill(ones, (byte) 0xFF);
    Cipher vector = Util.getCipher("AES/ECB/NoPadding", Cipher.ENCRYPT_MODE, key);
    Cipher cipher = Util.getCipher("AES/CBC/NoPadding");
    cipher.init(Cipher.DECRYPT_MODE, key, new IvParameterSpec(vector.doFinal(ones)));
    return Util.unpad(cipher.doFinal(result.getEncryptedChipAuthenticationData()));
  }

  /** JMRTD reads no keys whose parameters are a number, as EF.CardSecurity has them. */
  private static ECParameterSpec standardized(SubjectPublicKeyInfo key) {
    if (!key.getAlgorithm().getAlgorithm().equals(STANDARDIZED)) {
      throw new IllegalArgumentException("parameters of another kind in EF.CardSecurity");
    }
    ASN1Integer number = ASN1Integer.getInstance(key.getAlgorithm().getParameters());
    return (ECParameterSpec) PACEInfo.toParameterSpec(number.getValue());
  }

  /** EF.CardSecurity is signed (9303-11 9.2.11), by a signer of the state. */
  static boolean cardSecurity(byte[] file, X509Certificate csca) throws Exception {
    CMSSignedData cms = new CMSSignedData(file);
    boolean proven = false;
    for (SignerInformation signer : cms.getSignerInfos()) {
      @SuppressWarnings("unchecked")
      X509CertificateHolder holder =
          (X509CertificateHolder) cms.getCertificates().getMatches(signer.getSID()).iterator().next();
      X509Certificate certificate = certificate(holder.getEncoded());
      proven =
          isIssuedBy(certificate, csca)
              && signer.verify(
                  new JcaSimpleSignerInfoVerifierBuilder().setProvider(BC).build(certificate));
      if (!proven) {
        return false;
      }
    }
    return proven;
  }

  static X509Certificate certificate(byte[] der) throws GeneralSecurityException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509", BC)
            .generateCertificate(new ByteArrayInputStream(der));
  }

  private static boolean isIssuedBy(X509Certificate certificate, X509Certificate issuer) {
    try {
      certificate.verify(issuer.getPublicKey(), BC);
      return certificate.getIssuerX500Principal().equals(issuer.getSubjectX500Principal());
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /** ISO/IEC 9796-2 scheme 1 with the hash that the trailer names; Bouncy Castle takes no n - s. */
  private static boolean recovers(RSAPublicKey key, byte[] challenge, byte[] answer)
      throws Exception {
    BigInteger modulus = key.getModulus();
    BigInteger sent = new BigInteger(1, answer);
    BigInteger opened = sent.modPow(key.getPublicExponent(), modulus);
    if ((opened.intValue() & 0xF) != 0xC) {
      sent = modulus.subtract(sent);
      opened = modulus.subtract(opened);
    }
    byte[] signature = Util.i2os(sent, answer.length);
    byte[] tail = opened.toByteArray();
    boolean implicit = tail[tail.length - 1] == (byte) 0xBC;
    Digest digest = implicit ? new SHA1Digest() : named(tail[tail.length - 2]);
    ISO9796d2Signer signer = new ISO9796d2Signer(new RSAEngine(), digest, implicit);
    signer.init(false, new RSAKeyParameters(false, modulus, key.getPublicExponent()));
    signer.updateWithRecoveredMessage(signature);
    signer.update(challenge, 0, challenge.length);
    return signer.verifySignature(signature);
  }

  private static Digest named(byte id) {
    switch (id & 0xFF) {
      case 0x33:
        return new SHA1Digest();
      case 0x34:
        return new SHA256Digest();
      case 0x35:
        return new SHA512Digest();
      case 0x36:
        return new SHA384Digest();
      case 0x38:
        return new SHA224Digest();
      default:
        throw new IllegalArgumentException("hash identifier " + (id & 0xFF));
    }
  }
}
