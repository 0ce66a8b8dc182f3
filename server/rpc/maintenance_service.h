#ifndef PENSTOCK_SERVER_RPC_MAINTENANCE_SERVICE_H_
#define PENSTOCK_SERVER_RPC_MAINTENANCE_SERVICE_H_

#include "penstock/v1/maintenance.grpc.pb.h"
#include "server/session/maintenance.h"

namespace penstock {

// penstock.v1.MaintenanceService. `maintenance` must outlive it.
class MaintenanceService final : public v1::MaintenanceService::CallbackService {
 public:
  explicit MaintenanceService(Maintenance& maintenance) : maintenance_(maintenance) {}

  grpc::ServerWriteReactor<v1::CollectGarbageResponse>* CollectGarbage(
      grpc::CallbackServerContext* context, const v1::CollectGarbageRequest* request) override;
  grpc::ServerWriteReactor<v1::DiagnoseRemoteResponse>* DiagnoseRemote(
      grpc::CallbackServerContext* context, const v1::DiagnoseRemoteRequest* request) override;

 private:
  Maintenance& maintenance_;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_RPC_MAINTENANCE_SERVICE_H_
