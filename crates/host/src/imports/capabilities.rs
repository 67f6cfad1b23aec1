//! `fermyon:spin/variables` and `fermyon:spin/key-value`, as the component sees them.

use wasmtime::component::{HasSelf, Linker, Resource};

use self::bindings::fermyon::spin::{key_value, variables};
use crate::app::variables::is_valid_name;
use crate::guest::state::State;
use crate::stderr;
use crate::store::store_error::StoreError;

/// A store that the component has opened, by its label.
#[expect(unreachable_pub, reason = "the generated code exports it from its private module")]
pub struct OpenStore(String);

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "backend-shootout:gateway/capabilities",
        imports: {
            "fermyon:spin/key-value.[method]store.set": async | tracing | trappable,
            "fermyon:spin/key-value.[method]store.delete": async | tracing | trappable,
            default: tracing | trappable,
        },
        with: { "fermyon:spin/key-value.store": super::OpenStore },
    });
}

/// Adds both interfaces to what a component may import.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    bindings::Capabilities::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

impl variables::Host for State {
    fn get(&mut self, name: String) -> wasmtime::Result<Result<String, variables::Error>> {
        Ok(match self.capabilities.variables.get(&name) {
            Some(value) => Ok(value.clone()),
            None if is_valid_name(&name) => Err(variables::Error::Undefined(format!(
                "no variable named '{name}' is listed for the component in the manifest"
            ))),
            None => Err(variables::Error::InvalidName(format!("{name:?} is no valid variable name"))),
        })
    }
}

impl key_value::Host for State {}

impl key_value::HostStore for State {
    fn open(&mut self, label: String) -> wasmtime::Result<Result<Resource<OpenStore>, key_value::Error>> {
        if !self.capabilities.store_labels.contains(&label) {
            return Ok(Err(key_value::Error::AccessDenied));
        }
        Ok(Ok(self.table.push(OpenStore(label))?))
    }

    fn get(
        &mut self,
        store: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, key_value::Error>> {
        let label = &self.table.get(&store)?.0;
        Ok(self.capabilities.store.get(label, &key).map_err(failed))
    }

    async fn set(
        &mut self,
        store: Resource<OpenStore>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), key_value::Error>> {
        let label = self.table.get(&store)?.0.clone();
        Ok(self.capabilities.store.set(label, key, value).await.map_err(failed))
    }

    async fn delete(
        &mut self,
        store: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<(), key_value::Error>> {
        let label = self.table.get(&store)?.0.clone();
        Ok(self.capabilities.store.delete(label, key).await.map_err(failed))
    }

    fn exists(&mut self, store: Resource<OpenStore>, key: String) -> wasmtime::Result<Result<bool, key_value::Error>> {
        let label = &self.table.get(&store)?.0;
        Ok(self.capabilities.store.exists(label, &key).map_err(failed))
    }

    fn get_keys(&mut self, store: Resource<OpenStore>) -> wasmtime::Result<Result<Vec<String>, key_value::Error>> {
        let label = &self.table.get(&store)?.0;
        Ok(self.capabilities.store.keys(label).map_err(failed))
    }

    fn drop(&mut self, store: Resource<OpenStore>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

fn failed(error: StoreError) -> key_value::Error {
    stderr::host(&error);
    key_value::Error::Other(error.to_string())
}
