//! Traces: what the spans of requests, sockets, messages, proofs and webhooks become where a
//! collector is set. Sending needs the feature `otlp`.

use tracing::Subscriber;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

#[cfg(feature = "otlp")]
use super::otlp::Exporter;

/// What sends traces, while it lives.
pub(crate) struct Traces {
    #[cfg(feature = "otlp")]
    exporter: Option<Exporter>,
}

/// Why no traces can be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TracesError {
    /// The feature is not in this build.
    #[cfg(not(feature = "otlp"))]
    #[error("this build sends no traces; build with --features otlp")]
    NotBuilt,
    /// The exporter cannot be made.
    #[cfg(feature = "otlp")]
    #[error("{0}")]
    Exporter(String),
}

impl Traces {
    /// No traces are sent.
    pub(crate) const fn none() -> Self {
        Self {
            #[cfg(feature = "otlp")]
            exporter: None,
        }
    }

    /// The layer that gathers spans, and what sends them to a collector.
    #[cfg(feature = "otlp")]
    pub(crate) fn to<S>(
        collector: &Url,
    ) -> Result<(Box<dyn Layer<S> + Send + Sync>, Self), TracesError>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let exporter = Exporter::to(collector).map_err(TracesError::Exporter)?;
        Ok((exporter.layer(), Self { exporter: Some(exporter) }))
    }

    /// Settings refuse a collector before this is asked.
    #[cfg(not(feature = "otlp"))]
    pub(crate) fn to<S>(_: &Url) -> Result<(Box<dyn Layer<S> + Send + Sync>, Self), TracesError>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        Err(TracesError::NotBuilt)
    }

    /// Sends what is left.
    pub(crate) async fn stop(self) {
        #[cfg(feature = "otlp")]
        if let Some(exporter) = self.exporter {
            exporter.stop().await;
        }
    }
}
