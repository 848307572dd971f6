//! The list of the clerk's devices, and the places in it.

use std::ops::{Index, IndexMut};

use super::device_state::DeviceState;

/// The states of all devices. The list never gets shorter.
#[derive(Debug)]
pub(super) struct Devices(Vec<DeviceState>);

/// The place of a device in the list. Only the list makes places, so that each place has a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DevicePlace(usize);

impl Devices {
    pub(super) const fn new(devices: Vec<DeviceState>) -> Self {
        Self(devices)
    }

    /// All places, in the order of the list.
    pub(super) fn places(&self) -> impl Iterator<Item = DevicePlace> + use<> {
        (0..self.0.len()).map(DevicePlace)
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, DeviceState> {
        self.0.iter()
    }

    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, DeviceState> {
        self.0.iter_mut()
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds a device at the end of the list.
    pub(super) fn push(&mut self, device: DeviceState) -> DevicePlace {
        self.0.push(device);
        DevicePlace(self.0.len().saturating_sub(1))
    }

    /// The place of the first device for which `is_wanted` is true.
    pub(super) fn place_of(&self, is_wanted: impl Fn(&DeviceState) -> bool) -> Option<DevicePlace> {
        self.0.iter().position(is_wanted).map(DevicePlace)
    }
}

impl Index<DevicePlace> for Devices {
    type Output = DeviceState;

    fn index(&self, place: DevicePlace) -> &DeviceState {
        match self.0.get(place.0) {
            Some(device_state) => device_state,
            None => unreachable!("the list of devices never gets shorter"),
        }
    }
}

impl IndexMut<DevicePlace> for Devices {
    fn index_mut(&mut self, place: DevicePlace) -> &mut DeviceState {
        match self.0.get_mut(place.0) {
            Some(device_state) => device_state,
            None => unreachable!("the list of devices never gets shorter"),
        }
    }
}

impl<'d> IntoIterator for &'d Devices {
    type Item = &'d DeviceState;
    type IntoIter = std::slice::Iter<'d, DeviceState>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'d> IntoIterator for &'d mut Devices {
    type Item = &'d mut DeviceState;
    type IntoIter = std::slice::IterMut<'d, DeviceState>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}
