//! A phone's key, which signs what an honest phone would, or anything else.

use openssl::bn::BigNumContext;
use openssl::ec::{EcGroup, EcKey, PointConversionForm};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use protocol::{Hello, device};

/// A P-256 key pair.
pub struct DeviceKey {
    pair: PKey<Private>,
    /// The public point, uncompressed.
    pub point: [u8; 65],
}

impl DeviceKey {
    /// A fresh key.
    pub fn generate() -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = EcKey::generate(&group).unwrap();
        let mut context = BigNumContext::new().unwrap();
        let point = key
            .public_key()
            .to_bytes(&group, PointConversionForm::UNCOMPRESSED, &mut context)
            .unwrap();
        Self { pair: PKey::from_ec_key(key).unwrap(), point: point.try_into().unwrap() }
    }

    /// The device id that belongs to it.
    pub fn id(&self) -> String {
        device::device_id(&self.point)
    }

    /// The hello with this key and its device id.
    pub fn hello(&self, hello: Hello) -> Hello {
        Hello { device_id: self.id().into(), device_key: self.point.to_vec(), ..hello }
    }

    /// The signature that answers a challenge to `hello`.
    pub fn sign(&self, origin: &str, session: &str, hello: &Hello, nonce: &[u8]) -> Vec<u8> {
        let token = hello.mobile_write_token.expose();
        self.sign_text(&device::statement(origin, session, &hello.attempt_id, token, nonce))
    }

    /// The signature over any text, DER.
    pub fn sign_text(&self, text: &str) -> Vec<u8> {
        let mut signer = Signer::new(MessageDigest::sha256(), &self.pair).unwrap();
        signer.sign_oneshot_to_vec(text.as_bytes()).unwrap()
    }
}
