//! The Python face of isoprint-core: translation, no mathematics.
