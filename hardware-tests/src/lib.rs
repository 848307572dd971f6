//! Ferrotill.
